//! Lines out of a byte stream: a chunk is not a message.

/// A line to the guest is at most this long, in bytes.
pub const LIMIT: usize = 1_048_576;

/// Cuts a byte stream into lines. A longer one is skipped to the next newline; the stream goes on.
#[derive(Debug, Default)]
pub struct LineDecoder {
    pending: Vec<u8>,
    skipping: bool,
}

impl LineDecoder {
    /// Whole lines, without their newline and without empty ones.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.take(&rest[..end]);
            rest = &rest[end + 1..];
            if std::mem::take(&mut self.skipping) {
                self.pending.clear();
                continue;
            }
            let line = std::mem::take(&mut self.pending);
            if !line.iter().all(u8::is_ascii_whitespace) {
                lines.push(line);
            }
        }
        self.take(rest);
        lines
    }

    /// Forgets the half line: what follows comes from another connection.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.skipping = false;
    }

    fn take(&mut self, piece: &[u8]) {
        if self.skipping {
            return;
        }
        if self.pending.len() + piece.len() > LIMIT {
            self.skipping = true;
            self.pending = Vec::new();
            return;
        }
        self.pending.extend_from_slice(piece);
    }
}

/// The JSON object of a line. A line whose beginning is a torn one (a newline was lost on the way) is tried
/// once more from its last `{"type":`, so that a fault costs the line that it struck and not the next as
/// well.
pub fn object_in(line: &[u8]) -> Option<&[u8]> {
    const START: &[u8] = b"{\"type\":";
    let is_object = |text: &[u8]| text.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    if is_object(line) {
        return Some(line);
    }
    let start = line.windows(START.len()).rposition(|window| window == START)?;
    let rest = &line[start..];
    (start > 0 && is_object(rest)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn skips_a_line_over_the_limit_and_goes_on() {
        let mut decoder = LineDecoder::default();
        let mut stream = vec![b'x'; LIMIT + 1];
        stream.extend_from_slice(b"\ngood\n");
        let lines: Vec<_> = stream.chunks(4096).flat_map(|chunk| decoder.push(chunk)).collect();
        assert_eq!(lines, vec![b"good".to_vec()]);
    }

    proptest! {
        #[test]
        fn gives_the_same_lines_however_the_stream_is_cut(lines in prop::collection::vec("[a-z{}\"]{1,40}", 1..20), cuts in prop::collection::vec(1usize..17, 1..50)) {
            let stream = lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes();
            let mut decoder = LineDecoder::default();
            let mut found = Vec::new();
            let (mut at, mut cut) = (0, cuts.iter().cycle());
            while at < stream.len() {
                let end = (at + cut.next().unwrap()).min(stream.len());
                found.extend(decoder.push(&stream[at..end]));
                at = end;
            }
            let found: Vec<String> = found.into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
            prop_assert_eq!(found, lines);
        }
    }
}
