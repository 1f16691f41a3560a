//! `countersign groups list`

use countersign_api::{Approver, Page};
use countersign_policy::PolicySet;
use serde_json::json;

use crate::client::Call;
use crate::command::policy::active;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;
use crate::table::{middle, table, words};

/// Most approvers that are fetched.
const MOST: u32 = 500;

/// A place in a group.
struct Member {
    group: String,
    quorum: String,
    delay: String,
    approver: String,
    key: Option<String>,
}

pub(super) fn run(session: &mut Session) -> Outcome {
    let policy = active::fetch(session)?;
    let call = Call::get("/v1/approvers").query("limit", Some(MOST));
    let enrolled = session.call::<Page<Approver>>(&call)?.body.items;
    let members = members(&policy, &enrolled);
    let value: Vec<_> = members
        .iter()
        .map(|one| {
            json!({
                "group": one.group, "quorum": one.quorum, "delay": one.delay,
                "approver": one.approver, "key": one.key,
            })
        })
        .collect();
    session.show(&value, |out| {
        let rows: Vec<_> = members
            .iter()
            .map(|one| {
                [
                    one.group.clone(),
                    one.quorum.clone(),
                    one.delay.clone(),
                    one.approver.clone(),
                    one.key.clone().unwrap_or_else(|| "not enrolled".to_owned()),
                ]
            })
            .collect();
        table(
            out,
            [
                words("group"),
                words("quorum"),
                words("delay"),
                words("approver"),
                middle("key"),
            ],
            &rows,
        );
    });
    Ok(Exit::Done)
}

fn members(policy: &PolicySet, enrolled: &[Approver]) -> Vec<Member> {
    let mut members = Vec::new();
    for group in policy.groups() {
        for approver in group.approvers() {
            let key = enrolled
                .iter()
                .find(|one| one.name == **approver && one.removed_at.is_none())
                .map(|one| one.public_key.clone());
            members.push(Member {
                group: group.name().to_owned(),
                quorum: group
                    .quorum()
                    .map_or_else(|| "per rule".to_owned(), |quorum| quorum.to_string()),
                delay: group
                    .delay()
                    .map_or_else(|| "-".to_owned(), |delay| delay.to_string()),
                approver: approver.to_string(),
                key,
            });
        }
    }
    members
}
