//! What travels over the wire: request and answer bodies, error codes, the table of routes with
//! the roles that may call them, and the OpenAPI document made from all of these.
//!
//! Nothing here knows the domain types; `http/convert` in the appliance is the one place that
//! knows both. Requests refuse unknown fields; answers may gain fields.

mod approvals;
mod approvers;
mod audit;
mod changes;
mod clock;
mod dry_run;
mod freeze;
mod grants;
mod import;
mod limits;
mod nonces;
mod openapi;
mod page;
mod pki;
mod policies;
mod prices;
mod problem;
mod recorded;
mod registrations;
mod requests;
mod role;
mod route;
mod second_factor;
mod sign;
mod status;
mod tables;
mod users;
mod venues;
mod wallets;

pub use approvals::{
    ApprovalText, ApprovalTextQuery, Approve, AskedGroup, GivenApproval, GivenRejection, Reject,
};
pub use approvers::{Approver, ApproverQuery, EnrolApprover, EnrolmentText, EnrolmentTextQuery};
pub use audit::{
    AuditEntry, AuditPage, Checkpoint, CheckpointPage, CheckpointsQuery, EntriesQuery, Proof,
    ProofQuery,
};
pub use changes::{PendingChange, Unfreeze};
pub use clock::{ClockState, ConfirmClock};
pub use dry_run::{RehearseQuery, Rehearsed, RehearsedEntry};
pub use freeze::{FirstFreeze, Freeze, FreezeScope, FreezeState};
pub use grants::{CreateGrant, Grant, GrantQuery};
pub use import::{ImportKey, ImportWallet, SealedHeader};
pub use limits::{LimitUse, LimitsQuery};
pub use nonces::{Nonce, NonceQuery, ObserveNonce};
pub use openapi::document;
pub use page::{Page, PageQuery};
pub use pki::{
    BlockPrincipal, BlockedPrincipal, Certificate, CertificateQuery, CertificateStatus,
    IssueCertificate, IssuedCertificate, RenewCertificate,
};
pub use policies::{Policy, PolicyFinding, PolicySummary, ProposePolicy};
pub use prices::{Price, SetPrice};
pub use problem::{ErrorCode, PROBLEM_JSON, Problem, Reason};
pub use recorded::{
    RecordedApproval, RecordedConsent, RecordedPage, RecordedQuery, RecordedRequest, RecordedWallet,
};
pub use registrations::{Registered, Registration, RegistrationQuery};
pub use requests::{Request, RequestQuery};
pub use role::Role;
pub use route::{
    Activity, Answer, Content, DRY_RUN, Idempotency, KeyPlace, Method, Query, ROUTES, RequestBody,
    Route, Stops,
};
pub use second_factor::{OTP_HEADER, ResetSecondFactor, SecondFactorSecret};
pub use sign::{
    BatchItem, BatchResult, Decision, DryRunQuery, EcdsaSignature, SignBatch, SignBatchAnswer,
    SignEvm, SignSolana, SignatureAnswer, SignedAnswer,
};
pub use status::{Check, Readiness, Status};
pub use tables::{FeedTable, LookupTable};
pub use users::{CreateUser, User, UserQuery};
pub use venues::{AuthField, CreateVenue, LeverageBounds, PatchVenue, Venue, VenueQuery};
pub use wallets::{
    CreateWallet, ManageWallet, PatchWallet, PauseWallet, PreviousKey, RotatedWallet, Wallet,
    WalletCheck, WalletLimit, WalletQuery, WalletStatus,
};
