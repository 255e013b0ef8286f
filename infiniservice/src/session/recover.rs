//! Runs that an earlier agent has left.

use super::{Agent, Run};
use crate::run::{self, spool::Entry};

impl Agent {
    /// Finds the runs of an earlier agent: goes on with those that live, and settles those that do not.
    pub(super) fn recover(&mut self) {
        for entry in self.spool.open_entries() {
            self.settle(&entry);
            self.runs.insert((entry.execution_id.clone(), entry.attempt), Run::new(entry));
        }
    }

    /// A run whose runner is gone without a result: was it begun, and in this boot?
    pub(super) fn settle(&self, entry: &Entry) {
        let Ok(Some(lock)) = entry.lock() else { return };
        if entry.result().is_some() {
            return;
        }
        let outcome = match entry.started() {
            None => {
                drop(lock);
                run::spawn(entry)
            }
            Some(started) if started.boot_id != self.boot_id => {
                entry.record_result(&run::lost_result(entry, "the machine restarted while the script ran"))
            }
            Some(_) => entry.record_result(&run::lost_result(
                entry,
                "the script's supervisor was ended: how the script ended is not known",
            )),
        };
        if let Err(fault) = outcome {
            eprintln!("spool: {fault}");
        }
    }
}
