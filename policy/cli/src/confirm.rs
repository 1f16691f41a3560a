//! What cannot be taken back is done once its name was typed, or `--yes` written.

use std::io::{BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// The flag of commands that cannot be taken back.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Confirm {
    /// Do it without asking for the name
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// Asks for `name` on the terminal, after `what` is going to happen.
    ///
    /// # Errors
    /// Another name; no terminal to ask on and no `--yes`.
    pub(crate) fn ask(self, what: &str, name: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let (input, mut output) = (std::io::stdin(), std::io::stderr());
        if !input.is_terminal() {
            return Err(Failure::usage(format!("{what}; nothing was done"))
                .and("run it on a terminal, where you are asked for the name, or add `--yes`"));
        }
        let mut line = String::new();
        let read = write!(output, "{what}\ntype `{name}` to go on: ")
            .and_then(|()| output.flush())
            .and_then(|()| input.lock().read_line(&mut line));
        match read {
            Ok(_) => typed(&line, name),
            Err(error) => Err(Failure::usage(format!("cannot ask: {error}"))),
        }
    }
}

fn typed(line: &str, name: &str) -> Result<(), Failure> {
    if line.trim() == name {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "expected `{name}`, got `{}`; nothing was done",
        line.trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_goes_on() {
        assert!(typed("cold-7\n", "cold-7").is_ok());
        for line in ["", "y\n", "cold\n", "COLD-7\n"] {
            let failure = typed(line, "cold-7").unwrap_err();
            assert!(failure.lines[0].contains("nothing was done"), "{failure:?}");
        }
    }
}
