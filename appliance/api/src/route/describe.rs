//! How the table writes a route down: what most routes of a kind are, and what one is beside that.

use utoipa::IntoParams;

use super::{Activity, Answer, Idempotency, Method, Query, RequestBody, Route, Stops};
use crate::{DRY_RUN, DryRunQuery, ErrorCode, RehearseQuery, Role};

const fn route(method: Method, path: &'static str, operation: &'static str) -> Route {
    Route {
        method,
        path,
        operation,
        summary: "",
        roles: &[],
        only_dry_run: &[],
        activity: Activity::Read,
        second_factor: false,
        idempotency: Idempotency::Reads,
        stops: Stops::No,
        free_when_frozen: true,
        query: Query::NONE,
        body: None,
        answers: &[],
        problems: &[],
    }
}

/// Reads.
pub(super) const fn read(path: &'static str, operation: &'static str) -> Route {
    route(Method::Get, path, operation)
}

/// Changes something: an operator's code, a key, and nobody who is frozen.
pub(super) const fn change(method: Method, path: &'static str, operation: &'static str) -> Route {
    Route {
        activity: Activity::Change,
        second_factor: true,
        idempotency: Idempotency::Kept,
        free_when_frozen: false,
        query: Query::of::<RehearseQuery>(&[DRY_RUN]),
        ..route(method, path, operation)
    }
}

/// Only makes things stricter; an operator needs a code all the same, since it is no stop.
pub(super) const fn tighten(method: Method, path: &'static str, operation: &'static str) -> Route {
    Route {
        activity: Activity::Tighten,
        ..change(method, path, operation)
    }
}

/// Stops something, in its turn.
pub(super) const fn stop(method: Method, path: &'static str, operation: &'static str) -> Route {
    Route {
        second_factor: false,
        stops: Stops::InTurn,
        ..tighten(method, path, operation)
    }
}

/// Asks for signatures.
pub(super) const fn sign(path: &'static str, operation: &'static str) -> Route {
    Route {
        activity: Activity::Sign,
        second_factor: false,
        idempotency: Idempotency::Ledger,
        query: Query::of::<DryRunQuery>(&[DRY_RUN]),
        ..change(Method::Post, path, operation)
    }
}

impl Route {
    /// Who may call it, what it is in a line, and what it answers when all is well.
    pub(super) const fn is(
        self,
        roles: &'static [Role],
        summary: &'static str,
        answers: &'static [Answer],
    ) -> Self {
        Self {
            roles,
            summary,
            answers,
            ..self
        }
    }

    pub(super) const fn body(self, schema: &'static str) -> Self {
        let body = RequestBody {
            schema,
            required: true,
        };
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(super) const fn optional_body(self, schema: &'static str) -> Self {
        let body = RequestBody {
            schema,
            required: false,
        };
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(super) const fn query<T: IntoParams>(self, names: &'static [&'static str]) -> Self {
        Self {
            query: Query::of::<T>(names),
            ..self
        }
    }

    pub(super) const fn problems(self, problems: &'static [ErrorCode]) -> Self {
        Self { problems, ..self }
    }

    pub(super) const fn only_dry_run(self, only_dry_run: &'static [Role]) -> Self {
        Self {
            only_dry_run,
            ..self
        }
    }

    pub(super) const fn at_once(self) -> Self {
        Self {
            stops: Stops::AtOnce,
            ..self
        }
    }

    pub(super) const fn free_when_frozen(self) -> Self {
        Self {
            free_when_frozen: true,
            ..self
        }
    }

    pub(super) const fn without_code(self) -> Self {
        Self {
            second_factor: false,
            ..self
        }
    }

    pub(super) const fn idempotency(self, idempotency: Idempotency) -> Self {
        Self {
            idempotency,
            ..self
        }
    }

    pub(super) const fn activity(self, activity: Activity) -> Self {
        Self { activity, ..self }
    }
}
