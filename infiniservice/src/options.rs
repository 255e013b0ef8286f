//! The options of the command line.

/// What was typed after the command.
#[derive(Debug, Default)]
pub struct Options {
    pub vm_id: Option<String>,
    pub device: Option<String>,
    pub mode: Option<String>,
    pub state_dir: Option<String>,
    pub root: Option<String>,
    pub setup: Option<String>,
    pub finished: bool,
    pub json: bool,
    pub words: Vec<String>,
}

impl Options {
    /// # Errors
    /// Names the word that is no option, or that lacks its value.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let place = match word.as_str() {
                "--vm-id" => &mut options.vm_id,
                "--device" => &mut options.device,
                "--mode" => &mut options.mode,
                "--state-dir" => &mut options.state_dir,
                "--root" => &mut options.root,
                "--setup" => &mut options.setup,
                "--finished" => {
                    options.finished = true;
                    continue;
                }
                "--json" => {
                    options.json = true;
                    continue;
                }
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                other => {
                    options.words.push(other.to_owned());
                    continue;
                }
            };
            *place = Some(rest.next().ok_or_else(|| format!("{word} needs a value"))?.clone());
        }
        Ok(options)
    }
}
