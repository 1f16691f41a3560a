//! `countersignd`: the signing appliance.

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use countersign_appliance::add_keys::{self, Added};
use countersign_appliance::adopt::{self, Adopt, Adopted};
use countersign_appliance::config::Config;
use countersign_appliance::init::{FirstApprover, Init};
use countersign_appliance::logging::Log;
use countersign_appliance::start::{Running, StartError, await_token, install_metrics, runtime};
use countersign_appliance::{descriptors, doctor, hardening, init, owner};
use countersign_hsm::leave;
use mimalloc::MiMalloc;
use tokio::signal::unix::{SignalKind, signal};

/// Requests allocate on one thread and free on another, which costs glibc's allocator dearly.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// HSM-backed signing appliance.
#[derive(Debug, Parser)]
#[command(name = "countersignd", version)]
struct Arguments {
    /// Configuration file.
    #[arg(
        long,
        global = true,
        default_value = "/etc/countersign/countersignd.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// First start: keys on the token, CA, database, first operators and approvers.
    Init {
        /// Name of a first operator; once for each. Later ones need the approvers' agreement.
        #[arg(long, required = true)]
        operator: Vec<String>,
        /// Directory for the first operators' keys and certificates.
        #[arg(long, value_name = "DIR")]
        operator_out: PathBuf,
        /// First policy; without one nothing is allowed.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// A first approver; once for each. KEY is base58 of an Ed25519 key (after `v1:` for a
        /// device that signs off-chain messages of version 1), an Ethereum address `0x…`, or a
        /// Solana JSON keypair file, of which the public half is read. OPERATOR is the operator who
        /// is the same person.
        #[arg(long, value_name = "NAME[@OPERATOR]=KEY")]
        approver: Vec<String>,
        /// Make an appliance though nobody could ever loosen its policy, enrol or certify anybody, or
        /// lift a freeze.
        #[arg(long)]
        nobody_can_change_this_later: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the keys that the configuration asks for and the token lacks, after `custody.envelope` or
    /// `custody.import` was turned on. The appliance must be stopped.
    AddKeys {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a wallet of a key on the token that no wallet uses, as `doctor` names it: of one that a
    /// restored database does not know. It is paused and granted to nobody. The appliance must be
    /// stopped.
    Adopt {
        /// Identifier of the key: 32 hexadecimal digits.
        key: String,
        /// Its user, `usr_…`.
        #[arg(long)]
        user: String,
        /// Slug of the venue.
        #[arg(long, default_value = "solana")]
        venue: String,
        /// `mainnet` or `testnet`.
        #[arg(long, default_value = "mainnet")]
        environment: String,
        /// A name for people.
        #[arg(long)]
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check HSM, firmware, clock, TLS, database, entropy and hardening.
    ///
    /// It tries the HSM's PIN once, and not at all while the token says that a wrong one was tried since
    /// the last right one.
    Doctor {
        /// Try the PIN even then, unless one wrong try more would lock it. A right one ends the warning.
        #[arg(long)]
        try_pin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ! {
    let arguments = Arguments::parse();
    let log = match Log::start() {
        Ok(log) => log,
        Err(_) => leave(1),
    };
    let result = match runtime() {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(error.into()),
    };
    let well = result.unwrap_or_else(|error| {
        tracing::error!(%error, "countersignd ends");
        log.say(&format!("countersignd: {error}"));
        false
    });
    let _broken_pipe = std::io::stdout().flush();
    log.flush();
    // Threads may still be at the token.
    leave(u8::from(!well))
}

/// Answers whether all is well.
async fn run(arguments: Arguments) -> Result<bool, StartError> {
    if let Ok(config) = Config::read(&arguments.config) {
        owner::assume(&config.state_dir)?;
    }
    // No program is started after this. `doctor` tells of a failure as of any other.
    match hardening::harden() {
        Err(error) if !matches!(arguments.command, Some(Command::Doctor { .. })) => {
            return Err(error.into());
        }
        Ok(()) | Err(_) => {}
    }
    match arguments.command {
        None => serve(Config::read(&arguments.config)?).await,
        Some(Command::Init {
            operator,
            operator_out,
            policy,
            approver,
            nobody_can_change_this_later,
            json,
        }) => {
            let config = Config::read(&arguments.config)?;
            let approvers = approver.iter().map(|text| FirstApprover::parse(text));
            let options = Init {
                operators: operator,
                approvers: approvers.collect::<Result<_, _>>()?,
                operator_out,
                policy,
                unchangeable: nobody_can_change_this_later,
            };
            let done = init::run(&config, &options).await?;
            print_done(&done, json)?;
            Ok(true)
        }
        Some(Command::AddKeys { json }) => {
            let added = add_keys::run(&Config::read(&arguments.config)?).await?;
            print_added(&added, json)?;
            Ok(true)
        }
        Some(Command::Adopt {
            key,
            user,
            venue,
            environment,
            name,
            json,
        }) => {
            let adopt = Adopt {
                key,
                user,
                venue,
                environment,
                name,
            };
            let adopted = adopt::run(&Config::read(&arguments.config)?, &adopt).await?;
            print_adopted(&adopted, json)?;
            Ok(true)
        }
        Some(Command::Doctor { try_pin, json }) => {
            let report = doctor::examine(&arguments.config, try_pin).await;
            doctor::print(&report, json, &mut std::io::stdout())?;
            Ok(report.healthy())
        }
    }
}

async fn serve(config: Config) -> Result<bool, StartError> {
    let descriptors = descriptors::raise(&config)?;
    tracing::info!("{descriptors}; {}", hardening::in_force()?);
    if config.custody.passes_key_bytes()
        && let Err(error) = hardening::lock_memory()
    {
        if !config.custody.allow_swap {
            return Err(not_locked(&error).into());
        }
        tracing::warn!(%error, "memory is not locked, and key bytes may go to swap: `custody.allow_swap` is on");
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let device = tokio::select! {
        device = await_token(&config) => device?,
        _ = terminate.recv() => return Ok(true),
        _ = interrupt.recv() => return Ok(true),
    };
    let mut running = Running::start_with(config, device, install_metrics()?).await?;
    let broken = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        why = running.broken() => Some(why),
    };
    tracing::info!("stopping: finishing what was recorded");
    let stopped = running.stop().await;
    if let Some(why) = broken {
        return Err(why.into());
    }
    stopped?;
    tracing::info!("stopped");
    Ok(true)
}

/// Fails closed: pages with key bytes would go to swap.
fn not_locked(error: &std::io::Error) -> String {
    format!(
        "memory cannot be locked: {error}; `custody.envelope` or `custody.import` is on, and private keys \
         pass through this process: set LimitMEMLOCK=infinity as in `deploy/systemd`, or `ulimit -l \
         unlimited`, or turn both off; on a machine without swap `custody.allow_swap = true` does without"
    )
}

fn print_added(added: &Added, json: bool) -> Result<(), StartError> {
    let mut out = std::io::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, added)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "token        {}", added.token)?;
    for key in &added.keys {
        writeln!(out, "key made     {key} (sensitive, never extractable)")?;
    }
    if added.keys.is_empty() {
        writeln!(out, "nothing was missing")?;
    }
    Ok(())
}

fn print_adopted(adopted: &Adopted, json: bool) -> Result<(), StartError> {
    let mut out = std::io::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, adopted)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "wallet       {}", adopted.wallet_id)?;
    writeln!(out, "address      {}", adopted.address)?;
    if let Some(counts_as) = &adopted.counts_as {
        writeln!(
            out,
            "counts as    {counts_as}, the user's wallet there: they share its limits"
        )?;
    }
    writeln!(
        out,
        "\nit is paused and granted to nobody: `countersign wallets resume` and `grants create`"
    )?;
    Ok(())
}

fn print_done(done: &init::Done, json: bool) -> Result<(), StartError> {
    let mut out = std::io::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, done)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "token        {}", done.token)?;
    for key in &done.keys {
        writeln!(out, "key made     {key} (sensitive, never extractable)")?;
    }
    writeln!(out, "CA           {}", done.ca.display())?;
    writeln!(out, "database     {}", done.database)?;
    for operator in &done.operators {
        writeln!(out, "operator     {}", operator.certificate.display())?;
        writeln!(
            out,
            "             {} (keep it secret)",
            operator.key.display()
        )?;
        if let Some(otpauth) = &operator.otpauth {
            writeln!(
                out,
                "             {otpauth} (for their authenticator; not shown again)"
            )?;
        }
    }
    for approver in &done.approvers {
        writeln!(out, "approver     {approver}")?;
    }
    for name in &done.not_enrolled {
        writeln!(
            out,
            "not enrolled {name}: the policy asks them, and they cannot approve yet"
        )?;
    }
    if let Some(warning) = &done.warning {
        writeln!(out, "WARNING      {warning}")?;
    }
    writeln!(out, "log key      {}", done.log_vkey)?;
    match &done.policy {
        Some(name) => writeln!(out, "policy       {name}, version 1, active")?,
        None => writeln!(
            out,
            "policy       none: nothing is allowed until one is proposed"
        )?,
    }
    for error in &done.policy_errors {
        writeln!(out, "policy       {error}")?;
    }
    writeln!(
        out,
        "\ngive the log key to your auditors, then start countersignd"
    )?;
    Ok(())
}
