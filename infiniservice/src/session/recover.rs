//! Runs that an earlier agent has left.

use std::io;

use super::{Agent, Run};
use crate::channel::messages::Status;
use crate::run::{self, spool::Entry};

impl Agent {
    /// Finds the runs of an earlier agent: goes on with those that live, and settles those that do not.
    pub(super) fn recover(&mut self) {
        for entry in self.spool.open_entries() {
            self.settle(&entry);
            self.runs.insert((entry.execution_id.clone(), entry.attempt), Run::new(entry));
        }
    }

    /// Starts what was accepted and had to wait for the host's clock.
    pub(super) fn start_waiting(&self) {
        for run in self.runs.values().filter(|run| run.entry.started().is_none()) {
            self.settle(&run.entry);
        }
    }

    /// Begins a run that was accepted before; one with a time of its own only when the host
    /// has told its clock.
    fn start(&self, entry: &Entry) -> io::Result<()> {
        match entry.script() {
            Ok(script) if script.deliver_by.is_some() && !self.hearing.is_answered() => Ok(()),
            Ok(script) => match self.too_late(&script) {
                Some(reason) => entry.record_result(&entry.result_without_run(Status::Failed, &reason)),
                None => run::spawn(entry),
            },
            // Its runner says what is wrong with it.
            Err(_) => run::spawn(entry),
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
                self.start(entry)
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
