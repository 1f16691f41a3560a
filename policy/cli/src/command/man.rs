//! `countersign man`

use std::path::PathBuf;

use clap::CommandFactory;
use serde_json::json;

use super::Cli;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Write the man pages.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder to write them to; it must exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let shown = arguments.out.display();
    clap_mangen::generate_to(Cli::command(), &arguments.out)
        .map_err(|error| Failure::usage(format!("cannot write to `{shown}`: {error}")))?;
    session.show(&json!({ "folder": shown.to_string() }), |out| {
        out.line(format!("wrote the man pages to `{shown}`"));
    });
    Ok(Exit::Done)
}
