//! What a command works with: where to write, and the appliance once it is asked for.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use countersign_api::{Method, Problem};

use crate::client::{Answer, Call, Https, Transport};
use crate::config::{Connection, Profile};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::otp::{self, Otp};
use crate::output::Output;

/// One run of the program.
pub(crate) struct Session {
    pub out: Output,
    connection: Connection,
    transport: Option<Box<dyn Transport>>,
    otp: Otp,
}

/// An answer that says yes.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    /// 200 or 202.
    pub status: u16,
    /// As it came.
    pub value: Value,
    /// As this program understands it.
    pub body: T,
}

impl<T> Reply<T> {
    /// 4 where people have to agree first, 0 otherwise.
    pub(crate) const fn exit(&self) -> Exit {
        if self.status == 202 {
            Exit::NeedsApproval
        } else {
            Exit::Done
        }
    }
}

impl Session {
    pub(crate) fn new(out: Output, connection: Connection) -> Self {
        let otp = Otp {
            variable: std::env::var("COUNTERSIGN_OTP").ok(),
            file: connection.otp_file.clone(),
        };
        Self {
            out,
            connection,
            transport: None,
            otp,
        }
    }

    /// A session that talks to a double.
    #[cfg(test)]
    pub(crate) fn over(out: Output, transport: Box<dyn Transport>) -> Self {
        Self {
            out,
            connection: Connection::default(),
            transport: Some(transport),
            otp: Otp::default(),
        }
    }

    /// Sends a call and reads its answer.
    ///
    /// # Errors
    /// The appliance cannot be reached, says no, or answers with something else than `T`.
    pub(crate) fn call<T: DeserializeOwned>(&mut self, call: &Call) -> Result<Reply<T>, Failure> {
        if call.method == Method::Get {
            let answer = self.transport()?.send(call)?;
            return read(call, &answer);
        }
        let mut call = call.clone();
        // Whatever changes something has a key, given or made here.
        if call.idempotency_key.is_none() {
            call.idempotency_key = Some(Idempotency::default().key()?);
        }
        call.otp = self.otp.given()?;
        let mut answer = self.transport()?.send(&call)?;
        if call.otp.is_none()
            && otp::wanted(&answer)
            && let Some(code) = otp::ask()?
        {
            call.otp = Some(code);
            answer = self.transport()?.send(&call)?;
        }
        read(&call, &answer)
    }

    /// Shows a result: as JSON if that was asked for, otherwise as `people` writes it.
    pub(crate) fn show(&mut self, value: &impl Serialize, people: impl FnOnce(&mut Output)) {
        if self.out.is_json() {
            self.out.value(value);
        } else {
            people(&mut self.out);
        }
    }

    /// Sends a call and shows its answer.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub(crate) fn call_and_show<T: DeserializeOwned>(
        &mut self,
        call: &Call,
        people: impl FnOnce(&T, &mut Output),
    ) -> Outcome {
        let reply = self.call::<T>(call)?;
        self.show(&reply.value, |out| people(&reply.body, out));
        Ok(reply.exit())
    }

    /// Which appliance this talks to, and with which files.
    ///
    /// # Errors
    /// As [`Connection::resolve`].
    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        let home = std::env::var_os("HOME");
        self.connection.resolve(home.as_deref().map(Path::new))
    }

    fn transport(&mut self) -> Result<&dyn Transport, Failure> {
        if self.transport.is_none() {
            let profile = self.profile()?;
            let (https, warning) = Https::new(&profile, self.connection.timeout)?;
            if let Some(warning) = warning {
                self.out.note(warning);
            }
            self.transport = Some(Box::new(https));
        }
        self.transport
            .as_deref()
            .ok_or_else(|| Failure::unreachable("no connection"))
    }
}

fn read<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<Reply<T>, Failure> {
    let value = if answer.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&answer.body).map_err(|_| foreign(call, answer, "not JSON"))?
    };
    if !(200..300).contains(&answer.status) {
        return Err(match serde_json::from_value::<Problem>(value.clone()) {
            Ok(problem) => Failure::problem(&problem, value),
            Err(_) => newer_problem(answer.status, value)
                .unwrap_or_else(|| foreign(call, answer, "not a problem of this API")),
        });
    }
    let body = serde_json::from_value(value.clone())
        .map_err(|error| foreign(call, answer, &error.to_string()))?;
    Ok(Reply {
        status: answer.status,
        value,
        body,
    })
}

/// A problem with a code that this program does not know: judged by its status.
fn newer_problem(status: u16, body: Value) -> Option<Failure> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let line = format!("{} (`{}`)", text("title")?, text("code")?);
    let detail = text("detail").map(|detail| format!("  {detail}"));
    let failure = match status {
        500.. => Failure::unreachable(line),
        403 | 409 | 410 | 422 | 429 => Failure::refused(line),
        _ => Failure::usage(line),
    };
    let mut failure = detail.into_iter().fold(failure, Failure::and);
    failure.body = Some(body);
    Some(failure)
}

/// An answer that an appliance of this version does not give.
fn foreign(call: &Call, answer: &Answer, why: &str) -> Failure {
    Failure::unreachable(format!(
        "status {} from `{}` with a body that is not understood: {why}",
        answer.status, call.path
    ))
    .and("is this URL an appliance, and of the same version as this program?")
}

#[cfg(test)]
pub(crate) mod tests;
