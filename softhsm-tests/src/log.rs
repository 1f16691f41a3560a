//! The audit log as an auditor fetches it: over the API, into the export format.

use anyhow::{Context, Result, ensure};
use countersign_api::{AuditPage, Checkpoint};
use countersign_audit::export::{checkpoint_line, end_line, entry_line, header_line};
use countersign_audit::verify::{Options, Report, VerifyError, verify};
use countersign_audit::{Frontier, LogKey, leaf_hash};

use serde_json::Value;

use crate::client::Client;

/// A log as it was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Canonical bytes of the entries, from the first.
    pub entries: Vec<String>,
    /// The signed checkpoint that covers them.
    pub checkpoint: Checkpoint,
}

impl Fetched {
    /// Fetches everything up to the last checkpoint, which is signed for this.
    ///
    /// # Errors
    /// The appliance does not answer, or leaves something out.
    pub async fn from(auditor: &Client) -> Result<Self> {
        let mut follower = Follower::default();
        follower.follow(auditor).await?;
        Ok(Self {
            entries: follower.entries,
            checkpoint: follower.checkpoint.context("a signed head")?,
        })
    }

    /// The log's key; an auditor would have noted it at the first start.
    ///
    /// # Errors
    /// A key of another shape.
    pub fn key(&self) -> Result<LogKey> {
        Ok(LogKey::parse(&self.checkpoint.vkey)?)
    }

    /// The export, a line each.
    ///
    /// # Errors
    /// Nothing that happens with these values.
    pub fn export(&self) -> Result<Vec<Vec<u8>>> {
        let mut lines = vec![header_line(&self.key()?)?];
        for (index, entry) in self.entries.iter().enumerate() {
            let bytes = entry.as_bytes();
            lines.push(entry_line(index as u64, leaf_hash(bytes), bytes)?);
        }
        lines.push(checkpoint_line(&self.checkpoint.note)?);
        lines.push(end_line(self.checkpoint.size)?);
        Ok(lines)
    }

    /// Verifies the export, against checkpoints that were kept.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, kept: &[&str]) -> Result<Report> {
        let lines = self.export()?.concat();
        Ok(verify(&lines[..], &self.key()?, kept, Options::default())?)
    }

    /// The entries as JSON.
    ///
    /// # Errors
    /// An entry that is none.
    pub fn parsed(&self) -> Result<Vec<Value>> {
        self.entries
            .iter()
            .map(|entry| serde_json::from_str(entry).with_context(|| entry.clone()))
            .collect()
    }

    /// Those entries that are of one kind.
    ///
    /// # Errors
    /// As [`Fetched::parsed`].
    pub fn of_kind(&self, kind: &str) -> Result<Vec<Value>> {
        let mut entries = self.parsed()?;
        entries.retain(|entry| entry.get("kind").and_then(Value::as_str) == Some(kind));
        Ok(entries)
    }
}

/// Verifies lines of an export.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_lines(lines: &[Vec<u8>], key: &LogKey, kept: &[&str]) -> Result<Report, VerifyError> {
    verify(&lines.concat()[..], key, kept, Options::default())
}

/// A log that is followed while it grows: each entry is fetched once, and every signed head has
/// to cover exactly what was fetched.
#[derive(Debug, Default)]
pub struct Follower {
    /// Canonical bytes of the entries, from the first.
    pub entries: Vec<String>,
    /// The last signed head.
    pub checkpoint: Option<Checkpoint>,
    tree: Frontier,
}

impl Follower {
    /// Fetches what is new up to a head that is signed now, and answers where it begins.
    ///
    /// # Errors
    /// A log that lost, changed or moved an entry since.
    pub async fn follow(&mut self, auditor: &Client) -> Result<usize> {
        let known = self.entries.len();
        let checkpoint: Checkpoint = auditor.get("/v1/audit/checkpoint").await?.ok()?;
        // The key of the first head is the one that counts.
        let first = self.checkpoint.as_ref().unwrap_or(&checkpoint);
        let key = LogKey::parse(&first.vkey)?;
        let opened = countersign_audit::Checkpoint::open(checkpoint.note.as_bytes(), &key)?;
        while (self.entries.len() as u64) < opened.size {
            let path = format!("/v1/audit/entries?start={}&limit=500", self.entries.len());
            let page: AuditPage = auditor.get(&path).await?.ok()?;
            ensure!(!page.items.is_empty(), "no entry {}", self.entries.len());
            for item in page
                .items
                .into_iter()
                .filter(|item| item.index < opened.size)
            {
                ensure!(
                    item.index == self.entries.len() as u64,
                    "entry {}",
                    item.index
                );
                self.tree.append(leaf_hash(item.entry.as_bytes()));
                self.entries.push(item.entry);
            }
        }
        ensure!(
            self.entries.len() as u64 == opened.size,
            "the log has shrunk from {} to {} entries",
            self.entries.len(),
            opened.size
        );
        ensure!(
            self.tree.root() == opened.root,
            "the head signed at {} entries does not cover those that were fetched",
            opened.size
        );
        self.checkpoint = Some(checkpoint);
        Ok(known)
    }
}
