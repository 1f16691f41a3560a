//! The API's routes: which handler each line of the table in `countersign-api` has. What the table says
//! of a route is enforced in [`guard`], before and around its handler; everything that is not in it is
//! a problem.

mod guard;
mod once;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use countersign_api::{ErrorCode, Method, Route};

use super::error::ApiError;
use super::foreign::{self, OwnNames};
use super::receive::spend;
use super::{
    approvals, approvers, audit, clock, freeze, grants, limits, messages, nonces, pki, policies,
    prices, registrations, requests, second_factor, sign, status, tables, users, venues, wallets,
};
use crate::app::App;

/// Every API route.
pub fn api(app: Arc<App>) -> Router {
    let names = OwnNames::of(&app.config.listen);
    all(Guarded(Router::new(), Arc::clone(&app)))
        .0
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(names, foreign::keep_out))
        .with_state(app)
}

fn all<M: Mount>(mount: M) -> M {
    running(deciding(asking(owning(mount))))
}

fn owning<M: Mount>(mount: M) -> M {
    mount
        .at("createUser", users::create)
        .at("listUsers", users::list)
        .at("getUser", users::get)
        .at("listVenues", venues::list)
        .at("getVenue", venues::get)
        .at("createVenue", venues::create)
        .at("changeVenue", venues::patch)
        .at("removeVenue", venues::remove)
        .at("createWallet", wallets::create)
        .at("listWallets", wallets::list)
        .at("importWallet", wallets::import::import)
        .at("getImportKey", wallets::import::key)
        .at("getWallet", wallets::get)
        .at("changeWallet", wallets::patch)
        .at("manageWallet", wallets::manage)
        .at("pauseWallet", wallets::pause)
        .at("resumeWallet", wallets::resume)
        .at("archiveWallet", wallets::archive)
        .at("rotateWallet", wallets::rotate::rotate)
        .at("verifyWallet", wallets::verify::verify)
        .at("createGrant", grants::create)
        .at("listGrants", grants::list)
        .at("revokeGrant", grants::revoke)
}

fn asking<M: Mount>(mount: M) -> M {
    mount
        .at("signSolana", sign::solana)
        .at("signSolanaBatch", sign::batch)
        .at("signEvm", sign::evm)
        .at("listRequests", requests::list)
        .at("listRecordedRequests", messages::list)
        .at("getRequest", requests::get)
        .at("getApprovalText", approvals::text)
        .at("approveRequest", approvals::approve)
        .at("rejectRequest", approvals::reject)
        .at("listApprovers", approvers::list)
        .at("enrolApprover", approvers::enrol)
        .at("getEnrolmentText", approvers::enrolment_text)
        .at("removeApprover", approvers::remove)
}

fn deciding<M: Mount>(mount: M) -> M {
    mount
        .at("listPolicies", policies::list)
        .at("proposePolicy", policies::propose)
        .at("getActivePolicy", policies::active)
        .at("getPolicy", policies::get)
        .at("listLimits", limits::list)
        .at("setPrice", prices::set)
        .at("listPrices", prices::list)
        .at("listNonces", nonces::list)
        .at("observeNonce", nonces::observe)
        .at("listTables", tables::list)
        .at("feedTable", tables::feed)
        .at("getTable", tables::get)
        .at("removeTable", tables::remove)
        .at("listRegistrations", registrations::list)
        .at("register", registrations::add)
        .at("removeRegistration", registrations::remove)
}

fn running<M: Mount>(mount: M) -> M {
    mount
        .at("getOpenapi", status::openapi)
        .at("getStatus", status::get)
        .at("confirmClock", clock::confirm)
        .at("enrolSecondFactor", second_factor::enrol)
        .at("resetSecondFactor", second_factor::reset)
        .at("freeze", freeze::freeze)
        .at("unfreeze", freeze::unfreeze)
        .at("listAuditEntries", audit::entries)
        .at("getCheckpoint", audit::checkpoint)
        .at("listCheckpoints", audit::checkpoints)
        .at("getProof", audit::proof)
        .at("listCertificates", pki::list)
        .at("issueCertificate", pki::issue)
        .at("revokeCertificate", pki::revoke)
        .at("renewCertificate", pki::renew)
        .at("listBlockedPrincipals", pki::blocked)
        .at("blockPrincipal", pki::block)
        .at("unblockPrincipal", pki::unblock)
}

/// What handlers are given to, by the name of their operation.
trait Mount {
    fn at<H, T>(self, operation: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static;
}

/// Handlers at their routes, each behind the guard.
struct Guarded(Router<Arc<App>>, Arc<App>);

impl Mount for Guarded {
    fn at<H, T>(self, operation: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        // Nothing is mounted that the table does not have; a test holds the two together.
        let Some(route) = Route::named(operation) else {
            tracing::error!(operation, "a handler has no line in the table of routes");
            return self;
        };
        let handler: MethodRouter<Arc<App>> = on(filter(route.method), handler);
        let guarded = handler.layer(middleware::from_fn_with_state(
            Arc::clone(&self.1),
            move |state: State<Arc<App>>, peer, request, next| {
                guard::guard(route, state.0, peer, request, next)
            },
        ));
        Self(self.0.route(route.path, guarded), self.1)
    }
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}

async fn no_such_route(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let detail = format!(
        "there is no route `{}`; see /openapi.json",
        request.uri().path()
    );
    spend(request, app.config.listen.max_body).await?;
    Err(ApiError::new(ErrorCode::NotFound, detail))
}

async fn no_such_method(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (method, path) = (request.method(), request.uri().path());
    let detail = format!("`{path}` has no `{method}`; see /openapi.json");
    spend(request, app.config.listen.max_body).await?;
    let mut error = ApiError::new(ErrorCode::InvalidRequest, detail);
    error.0.status = axum::http::StatusCode::METHOD_NOT_ALLOWED.as_u16();
    Err(error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_api::{ROUTES, Stops};

    use super::*;

    #[derive(Default)]
    struct Mounted(BTreeMap<&'static str, usize>);

    impl Mount for Mounted {
        fn at<H, T>(mut self, operation: &'static str, _: H) -> Self
        where
            H: Handler<T, Arc<App>>,
            T: 'static,
        {
            *self.0.entry(operation).or_default() += 1;
            self
        }
    }

    #[test]
    fn every_route_of_the_table_is_mounted_once_and_no_other() {
        let mounted = all(Mounted::default()).0;
        let listed = ROUTES.iter().map(|route| (route.operation, 1)).collect();
        assert_eq!(mounted, listed);
    }

    #[test]
    fn inv11_what_holds_at_once_needs_no_place() {
        let at_once = ROUTES.iter().filter(|route| route.stops == Stops::AtOnce);
        let at_once: Vec<_> = at_once.map(|route| route.operation).collect();
        assert_eq!(at_once, ["freeze", "revokeCertificate", "blockPrincipal"]);
    }
}
