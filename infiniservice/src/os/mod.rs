//! Everything that knows an operating system. Each system has a folder here with the same modules and
//! function names; the rest of the crate asks `os::<subject>` and never learns which system answers.
//!
//! | subject        | what it does                                                                      |
//! | -------------- | --------------------------------------------------------------------------------- |
//! | `doctor`       | checks of port, program and service, and where this system keeps settings         |
//! | `files`        | files that are whole or not there, private files and folders, locks               |
//! | `install`      | puts the agent on a machine and takes it away; where its state lies               |
//! | `launch`       | starts a script's interpreter inside its process tree                             |
//! | `machine`      | boot id, random bytes, what system this is                                        |
//! | `metrics`      | readings of processors, memory, disks and network                                 |
//! | `package`      | the installed packages                                                            |
//! | `pipe`         | what a script prints, read without waiting                                        |
//! | `port`         | the device that the agent speaks through                                          |
//! | `process`      | the list of processes, and ending one                                             |
//! | `process_tree` | all processes that a script or command has started                                |
//! | `restart`      | restarts the machine                                                              |
//! | `service`      | the list of services, and starting or stopping one                                |
//! | `shell`        | the shells for a line of the host                                                 |
//! | `supervisor`   | starts a run's supervisor out of reach of whatever ends the agent                 |

mod types;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::*;
pub use types::*;
