//! Every API route.

use super::answer::{DOCUMENT, DONE, HELD, PENDING, ok, page};
use super::describe::{change, read, sign, stop, tighten};
use super::{Activity, Idempotency, Route};
use crate::ErrorCode::{
    AlreadyDecided, Expired, NotFound, PolicyDenied, Undecodable, WalletPaused,
};
use crate::Method::{Delete, Patch, Post};
use crate::Role::{self, Auditor, Bot, Gateway, Operator, Risk};
use crate::{
    ApprovalTextQuery, ApproverQuery, CertificateQuery, CheckpointsQuery, EnrolmentTextQuery,
    EntriesQuery, ErrorCode, GrantQuery, LimitsQuery, NonceQuery, PageQuery, ProofQuery,
    RecordedQuery, RegistrationQuery, RequestQuery, UserQuery, VenueQuery, WalletQuery,
};

const ALL: &[Role] = &[Bot, Gateway, Risk, Operator, Auditor];
const READERS: &[Role] = &[Gateway, Operator, Auditor];
const OWNERS: &[Role] = &[Gateway, Operator];
const WATCHERS: &[Role] = &[Operator, Auditor];
const WALLET_READERS: &[Role] = &[Bot, Gateway, Operator, Auditor];

/// Of every list that is read in pages and has no filters.
const PAGE: &[&str] = &["since", "cursor", "limit"];

/// Of a change that people decide about.
const GOVERNED: &[ErrorCode] = &[NotFound, AlreadyDecided, Expired, PolicyDenied];

/// Of a sign request, beside what every change can answer with.
const SIGN: &[ErrorCode] = &[
    Undecodable,
    PolicyDenied,
    WalletPaused,
    NotFound,
    Expired,
    AlreadyDecided,
];

/// Every API route.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    read("/openapi.json", "getOpenapi").is(ALL, "this document", &[DOCUMENT]),
    read("/v1/status", "getStatus").is(ALL, "how the appliance is", &[ok("Status")]),

    change(Post, "/v1/users", "createUser").is(&[Gateway], "create or find a user", &[ok("User")])
        .body("CreateUser").problems(&[AlreadyDecided]),
    read("/v1/users", "listUsers").is(READERS, "list users", &[page("User")])
        .query::<UserQuery>(&["external_id", "tier", "since", "cursor", "limit"]),
    read("/v1/users/{id}", "getUser").is(READERS, "one user", &[ok("User")]).problems(&[NotFound]),

    read("/v1/venues", "listVenues").is(ALL, "registry of venues", &[page("Venue")])
        .query::<VenueQuery>(&["kind", "status", "cursor", "limit"]),
    read("/v1/venues/{slug}", "getVenue").is(ALL, "one venue", &[ok("Venue")]).problems(&[NotFound]),
    change(Post, "/v1/venues", "createVenue").is(&[Operator], "register a venue; governed", &[PENDING])
        .body("CreateVenue").problems(GOVERNED),
    change(Patch, "/v1/venues/{slug}", "changeVenue").is(&[Operator], "change a venue; governed", &[PENDING])
        .body("PatchVenue").problems(GOVERNED),
    change(Delete, "/v1/venues/{slug}", "removeVenue").is(&[Operator], "remove a venue; governed", &[PENDING])
        .problems(GOVERNED),

    change(Post, "/v1/wallets", "createWallet").is(&[Gateway], "create or find a wallet", &[ok("Wallet")])
        .body("CreateWallet").problems(&[NotFound, AlreadyDecided]),
    read("/v1/wallets", "listWallets").is(WALLET_READERS, "list wallets", &[page("Wallet")])
        .query::<WalletQuery>(&["user_id", "venue", "status", "bot", "since", "after", "wait", "cursor", "limit"])
        .problems(&[NotFound, ErrorCode::LimitExceeded]),
    change(Post, "/v1/wallets/import", "importWallet")
        .is(&[Gateway], "a wallet with a key made outside, sealed to the HSM's import key", &[ok("Wallet")])
        .body("ImportWallet").problems(&[NotFound, AlreadyDecided, Expired]),
    read("/v1/wallets/import-key", "getImportKey")
        .is(READERS, "the key that imported keys are sealed to", &[ok("ImportKey")]).problems(&[NotFound]),
    read("/v1/wallets/{id}", "getWallet").is(WALLET_READERS, "one wallet", &[ok("Wallet")]).problems(&[NotFound]),
    change(Patch, "/v1/wallets/{id}", "changeWallet")
        .is(OWNERS, "change a wallet's name or limits; loosening is governed", &[ok("Wallet"), PENDING])
        .body("PatchWallet").problems(&[NotFound, AlreadyDecided, Expired, PolicyDenied, WalletPaused]),
    tighten(Patch, "/v1/wallets/{id}/managed", "manageWallet")
        .is(&[Risk], "tighten a wallet as its risk manager", &[ok("Wallet")])
        .body("ManageWallet").problems(&[NotFound, AlreadyDecided, WalletPaused]),
    stop(Post, "/v1/wallets/{id}/pause", "pauseWallet").is(&[Gateway, Operator, Risk], "stop signing", &[ok("Wallet")])
        .optional_body("PauseWallet").free_when_frozen().problems(&[NotFound, AlreadyDecided, WalletPaused]),
    change(Post, "/v1/wallets/{id}/resume", "resumeWallet").is(OWNERS, "sign again", &[ok("Wallet")])
        .problems(&[NotFound, AlreadyDecided, WalletPaused]),
    stop(Post, "/v1/wallets/{id}/archive", "archiveWallet").is(OWNERS, "stop signing for ever", &[ok("Wallet")])
        .problems(&[NotFound, AlreadyDecided, WalletPaused]),
    change(Post, "/v1/wallets/{id}/rotate", "rotateWallet")
        .is(OWNERS, "a new key under the same id; needs an Idempotency-Key", &[ok("RotatedWallet")])
        .problems(&[NotFound, AlreadyDecided, WalletPaused]),
    change(Post, "/v1/wallets/{id}/verify", "verifyWallet")
        .is(OWNERS, "have the HSM prove that it holds the key", &[ok("WalletCheck")])
        .activity(Activity::Sign).problems(&[NotFound, WalletPaused]),

    change(Post, "/v1/grants", "createGrant").is(OWNERS, "let a bot use a wallet", &[ok("Grant")])
        .body("CreateGrant").problems(&[NotFound, AlreadyDecided]),
    read("/v1/grants", "listGrants").is(READERS, "list grants", &[page("Grant")])
        .query::<GrantQuery>(&["bot", "wallet_id", "status", "since", "cursor", "limit"]).problems(&[NotFound]),
    stop(Delete, "/v1/grants/{id}", "revokeGrant").is(OWNERS, "stop a bot at once", &[DONE])
        .problems(&[NotFound, AlreadyDecided]),

    sign("/v1/sign/solana", "signSolana")
        .is(&[Bot, Operator], "judge and sign a Solana message", &[ok("SignedAnswer"), HELD])
        .body("SignSolana").only_dry_run(&[Operator]).problems(SIGN),
    sign("/v1/sign/solana/batch", "signSolanaBatch").is(&[Bot], "judge and sign up to 64 messages", &[ok("SignBatchAnswer")])
        .body("SignBatch").idempotency(Idempotency::LedgerItems).problems(SIGN),
    sign("/v1/sign/evm", "signEvm")
        .is(&[Bot, Operator], "judge and sign an EVM transaction or typed data", &[ok("SignedAnswer"), HELD])
        .body("SignEvm").only_dry_run(&[Operator]).problems(SIGN),

    read("/v1/requests", "listRequests").is(WALLET_READERS, "list requests", &[page("Request")])
        .query::<RequestQuery>(&["status", "kind", "wallet_id", "bot", "since", "after", "wait", "cursor", "limit"])
        .problems(&[NotFound, ErrorCode::LimitExceeded]),
    read("/v1/requests/messages", "listRecordedRequests")
        .is(WATCHERS, "what was asked for, to be judged again", &[ok("RecordedPage")])
        .query::<RecordedQuery>(&["since", "cursor", "limit"]),
    read("/v1/requests/{id}", "getRequest").is(WALLET_READERS, "one request", &[ok("Request")])
        .query::<RequestQuery>(&["wait"]).problems(&[NotFound, ErrorCode::LimitExceeded]),
    read("/v1/requests/{id}/approval-text", "getApprovalText").is(&[Operator], "what an approver signs", &[ok("ApprovalText")])
        .query::<ApprovalTextQuery>(&["approver_id"]).problems(GOVERNED),
    change(Post, "/v1/requests/{id}/approvals", "approveRequest").is(&[Operator], "hand in an approval", &[ok("Request")])
        .body("Approve").free_when_frozen().problems(GOVERNED),
    stop(Post, "/v1/requests/{id}/reject", "rejectRequest").is(&[Operator], "end a request that waits", &[ok("Request")])
        .optional_body("Reject").problems(GOVERNED),

    read("/v1/approvers", "listApprovers").is(WATCHERS, "people who may approve", &[page("Approver")])
        .query::<ApproverQuery>(&["status", "since", "cursor", "limit"]),
    change(Post, "/v1/approvers", "enrolApprover").is(&[Operator], "enrol an approver; governed", &[PENDING])
        .body("EnrolApprover").problems(GOVERNED),
    read("/v1/approvers/enrolment-text", "getEnrolmentText")
        .is(&[Operator], "what proves the possession of a key", &[ok("EnrolmentText")])
        .query::<EnrolmentTextQuery>(&["name", "scheme", "public_key"]),
    change(Delete, "/v1/approvers/{id}", "removeApprover").is(&[Operator], "remove an approver; governed", &[PENDING])
        .problems(GOVERNED),

    read("/v1/policies", "listPolicies").is(WATCHERS, "versions of the policy", &[page("PolicySummary")])
        .query::<PageQuery>(PAGE),
    tighten(Post, "/v1/policies", "proposePolicy").is(&[Operator], "propose a policy", &[ok("PolicySummary"), PENDING])
        .body("ProposePolicy").problems(GOVERNED),
    read("/v1/policies/active", "getActivePolicy").is(WATCHERS, "the policy that decides", &[ok("Policy")])
        .problems(&[NotFound]),
    read("/v1/policies/{id}", "getPolicy").is(WATCHERS, "one version of the policy", &[ok("Policy")])
        .problems(&[NotFound]),
    read("/v1/limits", "listLimits").is(WATCHERS, "what is left under the limits", &[page("LimitUse")])
        .query::<LimitsQuery>(&["wallet_id", "bot", "destination", "cursor", "limit"]).problems(&[NotFound]),
    change(Post, "/v1/prices", "setPrice").is(&[Operator], "set a reference price", &[ok("Price")])
        .body("SetPrice").problems(&[NotFound]),
    read("/v1/prices", "listPrices").is(WATCHERS, "reference prices", &[page("Price")]).query::<PageQuery>(PAGE),

    read("/v1/registrations", "listRegistrations")
        .is(WATCHERS, "registered accounts and markets", &[page("Registration")])
        .query::<RegistrationQuery>(&["kind", "wallet_id", "status", "since", "cursor", "limit"]).problems(&[NotFound]),
    change(Post, "/v1/registrations", "register").is(&[Operator], "register an account or market; governed", &[PENDING])
        .body("Registered").problems(GOVERNED),
    stop(Delete, "/v1/registrations/{id}", "removeRegistration").is(&[Operator], "take off the register at once", &[DONE])
        .problems(&[NotFound, AlreadyDecided]),
    read("/v1/nonces", "listNonces").is(WATCHERS, "nonce accounts, and what has a signature over them", &[page("Nonce")])
        .query::<NonceQuery>(&["wallet_id", "status", "cursor", "limit"]).problems(&[NotFound]),
    change(Post, "/v1/nonces/{account}", "observeNonce").is(OWNERS, "tell what a nonce account holds", &[ok("Nonce")])
        .body("ObserveNonce").problems(&[NotFound, AlreadyDecided]),
    read("/v1/tables", "listTables").is(READERS, "lookup tables as they were fed", &[page("LookupTable")])
        .query::<PageQuery>(PAGE),
    change(Post, "/v1/tables", "feedTable").is(OWNERS, "feed what a lookup table holds", &[ok("LookupTable")])
        .body("FeedTable").problems(&[NotFound, AlreadyDecided]),
    read("/v1/tables/{address}", "getTable").is(READERS, "one lookup table with its entries", &[ok("LookupTable")])
        .problems(&[NotFound]),
    stop(Delete, "/v1/tables/{address}", "removeTable").is(&[Operator], "forget a lookup table at once", &[DONE])
        .problems(&[NotFound, AlreadyDecided]),

    change(Post, "/v1/clock/confirm", "confirmClock").is(&[Operator], "say that the clock is right", &[ok("ClockState")])
        .body("ConfirmClock").problems(&[AlreadyDecided]),
    change(Post, "/v1/second-factor", "enrolSecondFactor")
        .is(&[Operator], "show the caller's own secret of one-time codes, once", &[ok("SecondFactorSecret")])
        .without_code().idempotency(Idempotency::ShownOnce).problems(&[NotFound, AlreadyDecided]),
    change(Post, "/v1/second-factor/reset", "resetSecondFactor")
        .is(&[Operator], "another secret for an operator; governed", &[PENDING])
        .body("ResetSecondFactor").problems(GOVERNED),
    stop(Post, "/v1/freeze", "freeze").is(&[Operator, Risk], "stop at once", &[ok("FreezeState")])
        .body("Freeze").at_once().free_when_frozen().problems(&[NotFound]),
    change(Post, "/v1/unfreeze", "unfreeze").is(&[Operator], "lift a freeze; governed", &[PENDING])
        .body("Unfreeze").free_when_frozen().problems(GOVERNED),

    read("/v1/audit/entries", "listAuditEntries").is(WATCHERS, "entries of the log", &[ok("AuditPage")])
        .query::<EntriesQuery>(&["start", "limit"]),
    read("/v1/audit/checkpoints", "listCheckpoints").is(WATCHERS, "every signed checkpoint", &[ok("CheckpointPage")])
        .query::<CheckpointsQuery>(&["after", "limit"]),
    read("/v1/audit/checkpoint", "getCheckpoint").is(&[Auditor, Operator, Bot], "last signed checkpoint", &[ok("Checkpoint")]),
    read("/v1/audit/proof", "getProof")
        .is(&[Auditor, Operator, Bot], "inclusion or consistency proof; a bot's of its own entries", &[ok("Proof")])
        .query::<ProofQuery>(&["index", "old", "size"]).problems(&[NotFound]),

    read("/v1/pki/certificates", "listCertificates")
        .is(WATCHERS, "issued certificates; by `principal` and `status`", &[page("Certificate")])
        .query::<CertificateQuery>(&["principal", "bot", "status", "since", "cursor", "limit"]),
    change(Post, "/v1/pki/certificates", "issueCertificate")
        .is(&[Operator], "issue from a CSR", &[ok("IssuedCertificate"), PENDING])
        .body("IssueCertificate").problems(GOVERNED),
    stop(Delete, "/v1/pki/certificates/{id}", "revokeCertificate")
        .is(&[Operator], "revoke, with everything renewed from it", &[ok("Certificate")])
        .at_once().problems(&[NotFound, AlreadyDecided]),
    read("/v1/pki/principals", "listBlockedPrincipals").is(WATCHERS, "blocked principals", &[page("BlockedPrincipal")])
        .query::<PageQuery>(PAGE),
    stop(Delete, "/v1/pki/principals/{role}/{name}", "blockPrincipal")
        .is(&[Operator], "block a principal and everything renewed from it, at once", &[ok("BlockedPrincipal")])
        .optional_body("BlockPrincipal").at_once().problems(&[NotFound, AlreadyDecided]),
    change(Post, "/v1/pki/principals/{role}/{name}/unblock", "unblockPrincipal")
        .is(&[Operator], "let a principal have certificates again; governed", &[PENDING])
        .optional_body("BlockPrincipal").problems(GOVERNED),
    change(Post, "/v1/pki/renew", "renewCertificate").is(ALL, "renew the caller's own certificate", &[ok("IssuedCertificate")])
        .body("RenewCertificate").problems(&[NotFound, AlreadyDecided]),
];
