//! What to do next.

use anyhow::Result;

use crate::stage::Stage;

pub(crate) fn act(stage: &mut Stage<'_>) -> Result<()> {
    stage
        .screen
        .title("Everything was as expected. To talk to it yourself:")?;
    for line in LINES {
        stage.screen.say(line)?;
    }
    Ok(())
}

const LINES: &[&str] = &[
    "make dev                        an appliance in the foreground, its files in ./.dev",
    "",
    "curl --cacert .dev/ca.pem --cert .dev/operator-a.pem --key .dev/operator-a.key \\",
    "     $(cat .dev/url)/v1/status",
    "",
    "countersign=target/release/countersign",
    "$countersign --state-dir .dev status",
    "$countersign --state-dir .dev --as gateway users create user-1",
    "$countersign --state-dir .dev --as auditor audit tail",
    "$countersign --help             everything else",
    "",
    "curl … $(cat .dev/url)/openapi.json   every route and field",
];
