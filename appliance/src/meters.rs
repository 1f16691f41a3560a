//! Every metric there is, with what it means. All of them are there from the start, so that an alert
//! on what never happened yet has something to look at.

use countersign_api::{ErrorCode, ROUTES};
use countersign_intent::Role;
use metrics::{
    Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How long something took.
    Histogram,
}

/// A label with the values it has from the start; others come when they happen.
type Labels = (&'static str, fn() -> Vec<&'static str>);

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What it means, for people.
    pub help: &'static str,
    labels: &'static [Labels],
}

const fn meter(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    labels: &'static [Labels],
) -> Meter {
    Meter {
        name,
        kind,
        help,
        labels,
    }
}

use Kind::{Counter, Gauge, Histogram};

/// All of them.
#[rustfmt::skip]
pub const METERS: &[Meter] = &[
    meter(Counter, "countersign_requests_total", "Requests let through to a route.", &[("route", routes)]),
    meter(Counter, "countersign_problems_total", "Answers that were problems.", &[("code", codes)]),
    meter(Counter, "countersign_sign_outcomes_total", "What became of attempts to sign.", &[("outcome", || vec!["signed", "refused", "not_sent", "unknown"])]),
    meter(Histogram, "countersign_hsm_sign_seconds", "Time in the HSM for one signature.", &[]),
    meter(Counter, "countersign_signatures_unverifiable_total", "Signatures of the HSM that did not verify and were dropped.", &[]),
    meter(Gauge, "countersign_check_ok", "Whether a check of readiness passed: 1 or 0.", &[("check", later)]),
    meter(Counter, "countersign_second_factor_refused_total", "One-time codes that were wrong or used.", &[]),
    meter(Gauge, "countersign_clock_suspect", "1 while the clock waits for an operator.", &[]),
    meter(Counter, "countersign_approval_signatures_refused_total", "Approvals with a wrong signature.", &[]),
    meter(Gauge, "countersign_checkpoint_size", "Entries under the last signed head of the log.", &[]),
    meter(Counter, "countersign_checkpoint_failures_total", "Heads of the log that were not signed.", &[]),
    meter(Counter, "countersign_anchor_failures_total", "Times that the token's memory of the log was not renewed.", &[]),
    meter(Counter, "countersign_hsm_module_restarts_total", "Times that the HSM's driver was started again.", &[]),
    meter(Counter, "countersign_log_recomputed_total", "Times that the whole log was recomputed from its entries.", &[]),
    meter(Counter, "countersign_feeds_refused_total", "Feeds that contradict what is known.", &[("feed", || vec!["nonce", "table"])]),
    meter(Counter, "countersign_tampered_rows_total", "Rows that are not what the appliance wrote.", &[]),
    meter(Counter, "countersign_freezes_total", "Freezes asked for, and made by the appliance itself.", &[]),
    meter(Counter, "countersign_principals_blocked_total", "Principals blocked, with everything renewed from their certificates.", &[]),
    meter(Counter, "countersign_renewals_refused_total", "Renewals of certificates that were refused.", &[]),
    meter(Gauge, "countersign_certificate_not_after_seconds", "When the appliance's own certificate ends, seconds since the Unix epoch.", &[("certificate", later)]),
    meter(Gauge, "countersign_client_certificate_not_after_seconds", "When the first certificate of a client ends that was neither revoked nor followed by a later one, seconds since the Unix epoch; 0 without any.", &[("role", roles)]),
    meter(Gauge, "countersign_connections", "Open connections.", &[("listener", listeners)]),
    meter(Counter, "countersign_connections_refused_total", "Connections closed for want of a place.", &[("listener", listeners), ("reason", || vec!["entrance_full", "too_many", "too_many_of_client", "displaced"])]),
    meter(Counter, "countersign_bodies_refused_total", "Requests that found no room in memory.", &[("bound", || vec!["principal", "all"])]),
    meter(Counter, "countersign_paced_total", "Requests beyond a principal's share.", &[("rule", || vec!["share.unsigned_per_second", "share.changes_per_second"]), ("what", || vec!["slowed", "refused"])]),
    meter(Counter, "countersign_handshake_failures_total", "TLS handshakes that failed.", &[("reason", || vec!["io", "timeout", "displaced", "no_certificate", "incompatible", "refused_by_peer", "protocol", "certificate_expired", "certificate_not_yet_valid", "unknown_issuer", "wrong_purpose", "bad_certificate"])]),
    meter(Counter, "countersign_identity_refusals_total", "Requests of certificates that are unknown, revoked, expired or not valid yet.", &[("code", || vec!["certificate_unknown", "certificate_not_yet_valid", "certificate_expired", "certificate_not_issued", "certificate_revoked", "certificate_renewed", "principal_blocked"])]),
    meter(Counter, "countersign_timeouts_total", "What was given up because it took too long.", &[("kind", || vec!["handshake", "header", "idle", "request", "body"])]),
    meter(Counter, "countersign_connection_errors_total", "Connections that ended early.", &[("listener", listeners), ("reason", || vec!["header_too_large", "malformed", "gone", "io"])]),
    meter(Counter, "countersign_accept_errors_total", "Connections that could not be accepted.", &[("listener", listeners)]),
    meter(Counter, "countersign_log_lines_dropped_total", "Lines of the program's own log that were not written.", &[("reason", || vec!["full", "unwritable", "too_long"])]),
];

fn routes() -> Vec<&'static str> {
    let mut all: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    all.dedup();
    all
}

fn codes() -> Vec<&'static str> {
    ErrorCode::ALL.iter().map(|code| code.as_str()).collect()
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.as_str()).collect()
}

fn listeners() -> Vec<&'static str> {
    vec!["api", "probes"]
}

/// Values that are told before anybody can look, and of which none may be made up.
fn later() -> Vec<&'static str> {
    Vec::new()
}

/// Says what each means, and begins all of them.
pub fn begin() {
    for meter in METERS {
        meter.describe();
        for labels in meter.combinations() {
            meter.begin(labels);
        }
    }
}

impl Meter {
    fn describe(&self) {
        match self.kind {
            Counter => describe_counter!(self.name, self.help),
            Gauge => describe_gauge!(self.name, self.help),
            Histogram => describe_histogram!(self.name, self.help),
        }
    }

    fn begin(&self, labels: Vec<Label>) {
        match self.kind {
            Counter => counter!(self.name, labels).increment(0),
            Gauge => gauge!(self.name, labels).increment(0.0),
            Histogram => drop(histogram!(self.name, labels)),
        }
    }

    /// Every combination of its labels' values.
    fn combinations(&self) -> Vec<Vec<Label>> {
        let mut all = vec![Vec::new()];
        for (label, values) in self.labels {
            let values = values();
            all = all
                .into_iter()
                .flat_map(|before| {
                    values.iter().map(move |value| {
                        let mut labels: Vec<Label> = before.clone();
                        labels.push(Label::new(*label, *value));
                        labels
                    })
                })
                .collect();
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn sources(folder: &Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("meters.rs")
            {
                found.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Names that stand in quotes right after one of the metrics macros.
    fn used() -> BTreeSet<String> {
        let mut text = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut text,
        );
        let mut names = BTreeSet::new();
        for call in ["counter!(", "gauge!(", "histogram!("] {
            for rest in text.split(call).skip(1) {
                let name = rest
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next());
                names.extend(name.map(str::to_owned));
            }
        }
        names
    }

    #[test]
    fn every_metric_that_is_counted_is_in_the_table_and_the_other_way_round() {
        let table: BTreeSet<String> = METERS.iter().map(|meter| meter.name.to_owned()).collect();
        assert_eq!(table.len(), METERS.len());
        assert_eq!(used(), table);
    }

    #[test]
    fn every_metric_is_in_the_manual_and_no_other() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let readme = std::fs::read_to_string(readme).unwrap();
        let listed: BTreeSet<&str> = readme
            .lines()
            .filter_map(|line| line.strip_prefix("| `countersign_")?.split('`').next())
            .collect();
        let table = METERS
            .iter()
            .filter_map(|meter| meter.name.strip_prefix("countersign_"));
        assert_eq!(listed, table.collect());
    }

    #[test]
    fn labels_are_combined() {
        let refused = METERS
            .iter()
            .find(|one| one.name.ends_with("refused_total") && one.labels.len() == 2);
        assert_eq!(refused.unwrap().combinations().len(), 8);
        assert_eq!(METERS[3].combinations(), [Vec::new()]);
    }
}
