//! Where and how an operation is cut off, told to the server in a file.

use backplane::plugin::operation::boundary::{self, Boundary, Edge};
use std::fmt;
use std::path::{Path, PathBuf};

/// Says where the file is.
const VARIABLE: &str = "BACKPLANE_TEST_FAULT";

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Error,
    Panic,
    Kill,
}

/// A place and what happens there.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) boundary: Boundary,
    pub(crate) fault: Fault,
}

impl Fault {
    pub(crate) const ALL: [Self; 3] = [Self::Error, Self::Panic, Self::Kill];
}

impl Point {
    /// Has the server fail when it comes there, once.
    pub(crate) fn order(&self, file: &Path) {
        std::fs::write(file, self.to_string()).expect("a file");
    }

    /// Whether the operation can only be finished there.
    pub(crate) fn is_settled(&self) -> bool {
        let Boundary { operation, step, edge, .. } = &self.boundary;
        let place = |wanted| operation.steps().iter().position(|step| *step == wanted);
        (place(*step), *edge) >= (place(operation.settling()), Edge::After)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}", self.fault, place(&self.boundary))
    }
}

/// Whether this process is to be the server, or the child in which it tries a library.
pub(crate) fn is_server() -> bool {
    let first = std::env::args().nth(1).unwrap_or_default();
    first == "serve" || first == backplane::loader::preflight::SUBCOMMAND
}

/// Has this process look into the file at every boundary.
pub(crate) fn obey() {
    let Some(file) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return };
    boundary::watch(Box::new(move |boundary| fail_if_ordered(boundary, &file)));
}

/// The settings of such a server: it is this program.
pub(crate) fn settings(file: &Path) -> [(&'static str, &str); 2] {
    [(VARIABLE, file.to_str().expect("a name in UTF-8")), (crate::server::PROGRAM_VARIABLE, "this test")]
}

fn fail_if_ordered(boundary: &Boundary, file: &Path) -> Result<(), String> {
    let ordered = std::fs::read_to_string(file).unwrap_or_default();
    let Some((fault, ordered)) = ordered.split_once(' ') else { return Ok(()) };
    if ordered != place(boundary) {
        return Ok(());
    }
    std::fs::remove_file(file).map_err(|error| error.to_string())?;
    match fault {
        "Error" => Err("ordered".to_owned()),
        "Panic" => panic!("ordered"),
        _ => {
            // As the system would: nothing of this process has a say in it.
            let ended = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            panic!("still alive: {ended:?}")
        }
    }
}

fn place(boundary: &Boundary) -> String {
    format!("{:?} {:?} {:?}", boundary.edge, boundary.step, boundary.operation)
}
