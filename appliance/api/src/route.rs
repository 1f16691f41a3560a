//! The table of routes: who may call what. The router refuses what is not in it, the OpenAPI
//! document is made from it, and the role × endpoint matrix is tested against it.

use crate::Role;
use crate::Role::{Auditor, Bot, Gateway, Operator, Risk};

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Read.
    Get,
    /// Create or act.
    Post,
    /// Change.
    Patch,
    /// Remove.
    Delete,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path with `{…}` parameters.
    pub path: &'static str,
    /// Roles that may call it; what they then see or reach is narrowed further.
    pub roles: &'static [Role],
    /// One line for the OpenAPI document.
    pub summary: &'static str,
    /// Schema name of the request body.
    pub body: Option<&'static str>,
    /// Schema name of the answer.
    pub answer: Option<&'static str>,
    /// Query parameters it takes, each at most once; any other is refused by name.
    pub query: &'static [&'static str],
}

/// Where the key stands that names a request across its retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// Nothing is changed, so there is nothing to name.
    Nowhere,
    /// In the header `Idempotency-Key`; only a dry run does without.
    Header,
    /// In each item of the body.
    Items,
}

const ALL: &[Role] = &[Bot, Gateway, Risk, Operator, Auditor];
const READERS: &[Role] = &[Gateway, Operator, Auditor];
const WALLET_READERS: &[Role] = &[Bot, Gateway, Operator, Auditor];

const fn route(
    method: Method,
    path: &'static str,
    roles: &'static [Role],
    summary: &'static str,
    body: Option<&'static str>,
    answer: Option<&'static str>,
) -> Route {
    Route {
        method,
        path,
        roles,
        summary,
        body,
        answer,
        // Whatever changes something can be tried.
        query: match method {
            Method::Get => &[],
            Method::Post | Method::Patch | Method::Delete => &[DRY_RUN],
        },
    }
}

impl Route {
    const fn query(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }
}

/// Of every list that is read in pages.
const PAGE: &[&str] = &["since", "cursor", "limit"];

/// The query parameter that asks what would become of a request, and changes nothing.
pub const DRY_RUN: &str = "dry_run";

use Method::{Delete, Get, Patch, Post};

/// Every API route.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route(Get, "/openapi.json", ALL, "this document", None, None),
    route(Get, "/v1/status", ALL, "how the appliance is", None, Some("Status")),
    route(Post, "/v1/users", &[Gateway], "create or find a user", Some("CreateUser"), Some("User")),
    route(Get, "/v1/users", READERS, "list users", None, None).query(&["external_id", "tier", "since", "cursor", "limit"]),
    route(Get, "/v1/users/{id}", READERS, "one user", None, Some("User")),
    route(Get, "/v1/venues", ALL, "registry of venues", None, None).query(&["kind", "status", "cursor", "limit"]),
    route(Get, "/v1/venues/{slug}", ALL, "one venue", None, Some("Venue")),
    route(Post, "/v1/venues", &[Operator], "register a venue; governed", Some("CreateVenue"), Some("PendingChange")),
    route(Patch, "/v1/venues/{slug}", &[Operator], "change a venue; governed", Some("PatchVenue"), Some("PendingChange")),
    route(Delete, "/v1/venues/{slug}", &[Operator], "remove a venue; governed", None, Some("PendingChange")),
    route(Post, "/v1/wallets", &[Gateway], "create or find a wallet", Some("CreateWallet"), Some("Wallet")),
    route(Get, "/v1/wallets", WALLET_READERS, "list wallets", None, None).query(&["user_id", "venue", "status", "bot", "since", "after", "wait", "cursor", "limit"]),
    route(Post, "/v1/wallets/import", &[Gateway], "a wallet with a key made outside, sealed to the HSM's import key", Some("ImportWallet"), Some("Wallet")),
    route(Get, "/v1/wallets/import-key", READERS, "the key that imported keys are sealed to", None, Some("ImportKey")),
    route(Get, "/v1/wallets/{id}", WALLET_READERS, "one wallet", None, Some("Wallet")),
    route(Patch, "/v1/wallets/{id}", &[Gateway, Operator], "change a wallet's name or limits; loosening is governed", Some("PatchWallet"), Some("Wallet")),
    route(Patch, "/v1/wallets/{id}/managed", &[Risk], "tighten a wallet as its risk manager", Some("ManageWallet"), Some("Wallet")),
    route(Post, "/v1/wallets/{id}/pause", &[Gateway, Operator, Risk], "stop signing", Some("PauseWallet"), Some("Wallet")),
    route(Post, "/v1/wallets/{id}/resume", &[Gateway, Operator], "sign again", None, Some("Wallet")),
    route(Post, "/v1/wallets/{id}/archive", &[Gateway, Operator], "stop signing for ever", None, Some("Wallet")),
    route(Post, "/v1/wallets/{id}/rotate", &[Gateway, Operator], "a new key under the same id; needs an Idempotency-Key", None, Some("RotatedWallet")),
    route(Post, "/v1/wallets/{id}/verify", &[Gateway, Operator], "have the HSM prove that it holds the key", None, Some("WalletCheck")),
    route(Post, "/v1/grants", &[Gateway, Operator], "let a bot use a wallet", Some("CreateGrant"), Some("Grant")),
    route(Get, "/v1/grants", READERS, "list grants", None, None).query(&["bot", "wallet_id", "status", "since", "cursor", "limit"]),
    route(Delete, "/v1/grants/{id}", &[Gateway, Operator], "stop a bot at once", None, None),
    route(Post, "/v1/sign/solana", &[Bot, Operator], "judge and sign a Solana message", Some("SignSolana"), Some("SignedAnswer")),
    route(Post, "/v1/sign/solana/batch", &[Bot], "judge and sign up to 64 messages", Some("SignBatch"), Some("SignBatchAnswer")),
    route(Get, "/v1/requests", &[Bot, Gateway, Operator, Auditor], "list requests", None, None).query(&["status", "kind", "wallet_id", "bot", "since", "after", "wait", "cursor", "limit"]),
    route(Get, "/v1/requests/messages", &[Operator, Auditor], "what was asked for, to be judged again", None, Some("RecordedPage")).query(&["since", "cursor", "limit"]),
    route(Get, "/v1/requests/{id}", &[Bot, Gateway, Operator, Auditor], "one request", None, Some("Request")).query(&["wait"]),
    route(Get, "/v1/requests/{id}/approval-text", &[Operator], "what an approver signs", None, Some("ApprovalText")).query(&["approver_id"]),
    route(Post, "/v1/requests/{id}/approvals", &[Operator], "hand in an approval", Some("Approve"), Some("Request")),
    route(Post, "/v1/requests/{id}/reject", &[Operator], "end a request that waits", Some("Reject"), Some("Request")),
    route(Get, "/v1/approvers", &[Operator, Auditor], "people who may approve", None, None).query(&["status", "since", "cursor", "limit"]),
    route(Post, "/v1/approvers", &[Operator], "enrol an approver; governed", Some("EnrolApprover"), Some("PendingChange")),
    route(Get, "/v1/approvers/enrolment-text", &[Operator], "what proves the possession of a key", None, Some("EnrolmentText")).query(&["name", "scheme", "public_key"]),
    route(Delete, "/v1/approvers/{id}", &[Operator], "remove an approver; governed", None, Some("PendingChange")),
    route(Get, "/v1/policies", &[Operator, Auditor], "versions of the policy", None, None).query(PAGE),
    route(Post, "/v1/policies", &[Operator], "propose a policy", Some("ProposePolicy"), Some("PolicySummary")),
    route(Get, "/v1/policies/active", &[Operator, Auditor], "the policy that decides", None, Some("Policy")),
    route(Get, "/v1/policies/{id}", &[Operator, Auditor], "one version of the policy", None, Some("Policy")),
    route(Get, "/v1/limits", &[Operator, Auditor], "what is left under the limits", None, None).query(&["wallet_id", "bot", "destination", "cursor", "limit"]),
    route(Post, "/v1/prices", &[Operator], "set a reference price", Some("SetPrice"), Some("Price")),
    route(Get, "/v1/prices", &[Operator, Auditor], "reference prices", None, None).query(PAGE),
    route(Get, "/v1/registrations", &[Operator, Auditor], "registered accounts and markets", None, None).query(&["kind", "wallet_id", "status", "since", "cursor", "limit"]),
    route(Post, "/v1/registrations", &[Operator], "register an account or market; governed", Some("Registered"), Some("PendingChange")),
    route(Delete, "/v1/registrations/{id}", &[Operator], "take off the register at once", None, None),
    route(Get, "/v1/nonces", &[Operator, Auditor], "nonce accounts, and what has a signature over them", None, None).query(&["wallet_id", "status", "cursor", "limit"]),
    route(Post, "/v1/nonces/{account}", &[Gateway, Operator], "tell what a nonce account holds", Some("ObserveNonce"), Some("Nonce")),
    route(Get, "/v1/tables", READERS, "lookup tables as they were fed", None, None).query(PAGE),
    route(Post, "/v1/tables", &[Gateway, Operator], "feed what a lookup table holds", Some("FeedTable"), Some("LookupTable")),
    route(Get, "/v1/tables/{address}", READERS, "one lookup table with its entries", None, Some("LookupTable")),
    route(Delete, "/v1/tables/{address}", &[Operator], "forget a lookup table at once", None, None),
    route(Post, "/v1/clock/confirm", &[Operator], "say that the clock is right", Some("ConfirmClock"), Some("ClockState")),
    route(Post, "/v1/second-factor", &[Operator], "show the caller's own secret of one-time codes, once", None, Some("SecondFactorSecret")),
    route(Post, "/v1/second-factor/reset", &[Operator], "another secret for an operator; governed", Some("ResetSecondFactor"), Some("PendingChange")),
    route(Post, "/v1/freeze", &[Operator, Risk], "stop at once", Some("Freeze"), Some("FreezeState")),
    route(Post, "/v1/unfreeze", &[Operator], "lift a freeze; governed", Some("Unfreeze"), Some("PendingChange")),
    route(Get, "/v1/audit/entries", &[Auditor, Operator], "entries of the log", None, Some("AuditPage")).query(&["start", "limit"]),
    route(Get, "/v1/audit/checkpoints", &[Auditor, Operator], "every signed checkpoint", None, Some("CheckpointPage")).query(&["after", "limit"]),
    route(Get, "/v1/audit/checkpoint", &[Auditor, Operator, Bot], "last signed checkpoint", None, Some("Checkpoint")),
    route(Get, "/v1/audit/proof", &[Auditor, Operator, Bot], "inclusion or consistency proof; a bot's of its own entries", None, Some("Proof")).query(&["index", "old", "size"]),
    route(Get, "/v1/pki/certificates", &[Operator, Auditor], "issued certificates; by `principal` and `status`", None, None).query(&["principal", "bot", "status", "since", "cursor", "limit"]),
    route(Post, "/v1/pki/certificates", &[Operator], "issue from a CSR", Some("IssueCertificate"), Some("IssuedCertificate")),
    route(Delete, "/v1/pki/certificates/{id}", &[Operator], "revoke, with everything renewed from it", None, Some("Certificate")),
    route(Get, "/v1/pki/principals", &[Operator, Auditor], "blocked principals", None, None).query(PAGE),
    route(Delete, "/v1/pki/principals/{role}/{name}", &[Operator], "block a principal and everything renewed from it, at once", Some("BlockPrincipal"), Some("BlockedPrincipal")),
    route(Post, "/v1/pki/principals/{role}/{name}/unblock", &[Operator], "let a principal have certificates again; governed", Some("BlockPrincipal"), Some("PendingChange")),
    route(Post, "/v1/pki/renew", ALL, "renew the caller's own certificate", Some("RenewCertificate"), Some("IssuedCertificate")),
];

impl Route {
    /// Finds a route by method and template.
    #[must_use]
    pub fn find(method: Method, path: &str) -> Option<&'static Self> {
        ROUTES
            .iter()
            .find(|route| route.method == method && route.path == path)
    }

    /// Whether an operator needs a one-time code here, where they are turned on: for everything
    /// that changes something and does not only refuse.
    #[must_use]
    pub fn takes_second_factor(&self) -> bool {
        // What an operator may do at `sign` is a dry run; the secret is what codes are made with.
        let free = self.only_refuses()
            || self.path.starts_with("/v1/sign/")
            || self.path == "/v1/second-factor";
        self.method != Get && self.permits(Operator) && !free
    }

    /// Whether all it can do is to stop something.
    #[must_use]
    pub fn only_refuses(&self) -> bool {
        matches!(
            self.path,
            "/v1/freeze"
                | "/v1/wallets/{id}/pause"
                | "/v1/wallets/{id}/archive"
                | "/v1/grants/{id}"
                | "/v1/requests/{id}/reject"
                | "/v1/pki/certificates/{id}"
                | "/v1/pki/principals/{role}/{name}"
                | "/v1/registrations/{id}"
                | "/v1/tables/{address}"
        ) && self.method != Get
    }

    /// Where the key of a request stands.
    #[must_use]
    pub fn key_place(&self) -> KeyPlace {
        match (self.method, self.path) {
            (Get, _) => KeyPlace::Nowhere,
            (_, "/v1/sign/solana/batch") => KeyPlace::Items,
            _ => KeyPlace::Header,
        }
    }

    /// Whether a principal that is frozen by name may call this all the same: to stop something,
    /// or to hand in what other people decide. Without that, freezing every operator would be for
    /// ever.
    #[must_use]
    pub fn is_free_when_frozen(&self) -> bool {
        let path = matches!(
            self.path,
            "/v1/freeze"
                | "/v1/unfreeze"
                | "/v1/wallets/{id}/pause"
                | "/v1/requests/{id}/approvals"
        );
        self.method == Get || path
    }

    /// Whether a role may call this route.
    #[must_use]
    pub fn permits(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
