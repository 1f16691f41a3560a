//! The OpenAPI document: schemas from the wire types, paths from the table of routes.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::route::{KeyPlace, Method, ROUTES, Route};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "HSM-backed signing appliance. TLS 1.3 with a client certificate on every route.",
        license(name = "Apache-2.0")
    ),
    components(schemas(
        crate::ApprovalText,
        crate::Approve,
        crate::Approver,
        crate::AskedGroup,
        crate::AuditEntry,
        crate::AuditPage,
        crate::BatchItem,
        crate::BatchResult,
        crate::Certificate,
        crate::Check,
        crate::Checkpoint,
        crate::ClockState,
        crate::ConfirmClock,
        crate::CreateGrant,
        crate::CreateUser,
        crate::CreateWallet,
        crate::CreateVenue,
        crate::Decision,
        crate::EnrolApprover,
        crate::EnrolmentText,
        crate::ErrorCode,
        crate::FeedTable,
        crate::Freeze,
        crate::FreezeScope,
        crate::FirstFreeze,
        crate::FreezeState,
        crate::GivenApproval,
        crate::GivenRejection,
        crate::Grant,
        crate::ImportKey,
        crate::ImportWallet,
        crate::BlockPrincipal,
        crate::BlockedPrincipal,
        crate::CertificateStatus,
        crate::CheckpointPage,
        crate::IssueCertificate,
        crate::IssuedCertificate,
        crate::ManageWallet,
        crate::LimitUse,
        crate::LookupTable,
        crate::Nonce,
        crate::ObserveNonce,
        crate::PatchVenue,
        crate::PatchWallet,
        crate::PauseWallet,
        crate::PendingChange,
        crate::Policy,
        crate::PolicyFinding,
        crate::PolicySummary,
        crate::PreviousKey,
        crate::Price,
        crate::Problem,
        crate::SealedHeader,
        crate::Proof,
        crate::ProposePolicy,
        crate::Reason,
        crate::RecordedPage,
        crate::Registered,
        crate::Rehearsed,
        crate::RehearsedEntry,
        crate::Registration,
        crate::Reject,
        crate::RenewCertificate,
        crate::ResetSecondFactor,
        crate::Request,
        crate::Role,
        crate::RotatedWallet,
        crate::SecondFactorSecret,
        crate::SetPrice,
        crate::SignBatch,
        crate::SignBatchAnswer,
        crate::SignSolana,
        crate::SignedAnswer,
        crate::Status,
        crate::Unfreeze,
        crate::User,
        crate::Venue,
        crate::Wallet,
        crate::WalletCheck,
        crate::WalletStatus
    ))
)]
struct Schemas;

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    let mut document = serde_json::to_value(Schemas::openapi()).unwrap_or(Value::Null);
    let mut paths = Map::new();
    for route in ROUTES {
        let operations = paths
            .entry(route.path)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(operations) = operations.as_object_mut() {
            operations.insert(method_name(route.method).to_owned(), operation(route));
        }
    }
    if let Some(document) = document.as_object_mut() {
        document.insert("paths".to_owned(), Value::Object(paths));
    }
    document
}

const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Patch => "patch",
        Method::Delete => "delete",
    }
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// In path, query and header.
fn parameters(route: &Route) -> Vec<Value> {
    let parameter = |name: &str, place: &str, required: bool| json!({"name": name, "in": place, "required": required, "schema": {"type": "string"}});
    let in_path = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| parameter(name, "path", true));
    let in_query = route
        .query
        .iter()
        .map(|name| parameter(name, "query", false));
    // A dry run needs no key, and is all that operators do at `sign`.
    let needs_key = !route.path.starts_with("/v1/sign/");
    let key = (route.key_place() == KeyPlace::Header)
        .then(|| parameter("Idempotency-Key", "header", needs_key));
    in_path.chain(in_query).chain(key).collect()
}

fn operation(route: &Route) -> Value {
    let answer = route
        .answer
        .map_or_else(|| json!({ "type": "object" }), schema);
    let mut operation = json!({
        "summary": route.summary,
        "x-roles": route.roles,
        "x-second-factor": route.takes_second_factor(),
        "parameters": parameters(route),
        "responses": {
            "200": { "description": "done", "content": { "application/json": { "schema": answer } } },
            "default": {
                "description": "an error",
                "content": { "application/problem+json": { "schema": schema("Problem") } }
            }
        }
    });
    if let (Some(body), Some(operation)) = (route.body, operation.as_object_mut()) {
        operation.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": { "application/json": { "schema": schema(body) } } }),
        );
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_and_every_named_schema_is_there() {
        let document = document();
        for route in ROUTES {
            let operation = &document["paths"][route.path][method_name(route.method)];
            assert!(operation.is_object(), "{} is missing", route.path);
            for name in [route.body, route.answer].into_iter().flatten() {
                assert!(
                    document["components"]["schemas"][name].is_object(),
                    "schema {name} is missing"
                );
            }
        }
    }
}
