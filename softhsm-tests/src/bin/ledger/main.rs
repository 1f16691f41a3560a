//! A Ledger without one: `countersign --ledger tcp:…` talks to it as to the real device, or as to
//! Ledger's own emulator. For demos and by hand; its key is a file, so it protects nothing.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use softhsm_tests::ledger::{Buttons, Emulator, Keys, Ledger, Open, Press, Screen, Settings};

/// Answer APDUs as the Ledger apps do
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 for a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// A Solana JSON keypair
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    keypair: Option<PathBuf>,
    /// A file of seed bytes, from which every path has its key
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// What is open
    #[arg(long, value_enum, default_value = "solana")]
    app: App,
    /// Sign what cannot be shown
    #[arg(long)]
    blind_signing: bool,
    /// Wait for a PIN
    #[arg(long)]
    locked: bool,
    /// Who presses the buttons
    #[arg(long, value_enum, default_value = "ask")]
    buttons: Finger,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum App {
    Solana,
    Ethereum,
    Dashboard,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Finger {
    /// Show each screen, and read `y` or `n`
    Ask,
    /// Show each screen, and approve
    Approve,
    /// Show each screen, and refuse
    Reject,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (open, version) = match arguments.app {
        App::Solana => (Open::Solana, (1, 9, 0)),
        App::Ethereum => (Open::Ethereum, (1, 23, 0)),
        App::Dashboard => (Open::Dashboard, (1, 4, 0)),
    };
    let settings = Settings {
        open,
        version,
        blind_signing: arguments.blind_signing,
        locked: arguments.locked,
    };
    let finger = arguments.buttons;
    let buttons = Buttons::reading(move |screen| press(finger, screen));
    let ledger = Ledger::new(keys(&arguments)?, buttons, settings);
    let emulator = Emulator::listen(&arguments.listen, ledger)?;
    say(&format!("{}\n", emulator.address()));
    emulator.wait();
    Ok(())
}

fn keys(arguments: &Arguments) -> Result<Keys> {
    let read = |path: &PathBuf| {
        std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    match (&arguments.keypair, &arguments.seed) {
        (Some(path), _) => {
            let bytes: Vec<u8> = serde_json::from_slice(&read(path)?)
                .context("expected a Solana JSON keypair, 64 numbers")?;
            let secret = bytes.first_chunk::<32>().filter(|_| bytes.len() == 64);
            Ok(Keys::Given(*secret.context("expected 64 numbers")?))
        }
        (None, Some(path)) => Ok(Keys::Seed(read(path)?)),
        (None, None) => bail!("expected `--keypair` or `--seed`"),
    }
}

fn press(finger: Finger, screen: &Screen) -> Press {
    let shown: String = screen
        .to_string()
        .lines()
        .map(|line| format!("| {line}\n"))
        .collect();
    say(&shown);
    match finger {
        Finger::Approve => Press::Approve,
        Finger::Reject => Press::Reject,
        Finger::Ask => {
            say("approve? [y/N] ");
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            if read.is_ok() && line.trim() == "y" {
                Press::Approve
            } else {
                Press::Reject
            }
        }
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody can be told that telling failed.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
