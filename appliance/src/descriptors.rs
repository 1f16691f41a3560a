//! File descriptors: every connection takes one, and a token made of files takes some for each
//! signature. A process that has none left loses sight of its token.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Handshakes, the plain listener, the database and the token, beside the connections.
const BESIDE: u64 = 256 + 64 + 128;

/// How many this configuration can come to use.
fn needed(config: &Config) -> u64 {
    let connections = u64::try_from(config.listen.max_connections).unwrap_or(u64::MAX);
    connections.saturating_add(BESIDE)
}

/// Raises the soft limit as far as the configuration needs and the hard limit allows.
///
/// # Errors
/// A hard limit that is lower than what the configuration can come to use.
pub fn raise(config: &Config) -> Result<String, String> {
    let needed = needed(config);
    let limit = getrlimit(Resource::Nofile);
    let wide = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if !wide(limit.maximum) {
        return Err(too_few(config, needed, limit.maximum.unwrap_or(u64::MAX)));
    }
    if !wide(limit.current) {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).map_err(|error| {
            format!("the limit on file descriptors could not be raised to {needed}: {error}")
        })?;
    }
    let has = getrlimit(Resource::Nofile).current;
    let has = has.map_or_else(|| "unlimited".to_owned(), |has| has.to_string());
    Ok(format!(
        "{has} file descriptors, {needed} needed for `listen.max_connections` = {}",
        config.listen.max_connections
    ))
}

fn too_few(config: &Config, needed: u64, maximum: u64) -> String {
    let connections = config.listen.max_connections;
    let fitting = maximum.saturating_sub(BESIDE);
    format!(
        "`listen.max_connections` = {connections} can use {needed} file descriptors, {BESIDE} of them \
         beside the connections, and the hard limit is {maximum}: raise LimitNOFILE as in \
         `deploy/systemd`, or `ulimit -Hn`, to {needed}, or lower `listen.max_connections` to {fitting}"
    )
}
