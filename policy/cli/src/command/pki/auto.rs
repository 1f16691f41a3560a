//! `countersign pki renew --auto`: the profile's own certificate, in place, before it expires.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use countersign_api::{IssuedCertificate, RenewCertificate, Status};
use countersign_intent::{Span, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::change::{self, Sending};
use crate::client::Call;
use crate::config::Profile;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::session::Session;

/// Largest file of a key.
const MAX_KEY: u64 = 16 * 1024;

/// How long a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Validity {
    from: Timestamp,
    until: Timestamp,
}

impl Validity {
    /// When it is renewed: after two thirds, so that a third is left to notice what goes wrong.
    fn due(self) -> Timestamp {
        let whole = self.until.since(self.from).micros();
        self.until.saturating_sub(Span::from_micros(whole / 3))
    }
}

/// Renews the profile's certificate if two thirds of its life are over. The key stays, and so one file
/// is replaced, in one step: nobody ever reads a certificate beside a key of another one.
pub(super) fn run(sending: &Sending, session: &mut Session) -> Outcome {
    let profile = session.profile()?;
    let validity = validity(&profile.cert)?;
    // The appliance's clock is what certificates go by.
    let status = session.call::<Status>(&Call::get("/v1/status"))?.body;
    let now = Timestamp::parse(&status.clock.time)
        .map_err(|_| Failure::unreachable(format!("`{}` is no time", status.clock.time)))?;
    if let Some(ends_at) = &status.certificate_ends_at {
        return Err(renewed_already(&profile.cert, ends_at));
    }
    if now < validity.due() {
        let (until, due) = (validity.until, validity.due());
        let value =
            json!({ "renewed": false, "not_after": until.to_string(), "due": due.to_string() });
        session.show(&value, |out| {
            out.line(format!(
                "nothing to do: good until {until}, renewed from {due} on"
            ));
        });
        return Ok(Exit::Done);
    }
    let csr = request(&profile.key)?;
    let call = Call::post("/v1/pki/renew").json(&RenewCertificate { csr })?;
    if sending.dry_run() {
        return change::preview(session, &call);
    }
    let reply = session.call::<IssuedCertificate>(&sending.keyed(call)?)?;
    replace(&profile, &reply.body.pem)?;
    let until = &reply.body.certificate.not_after;
    let value = json!({ "renewed": true, "not_after": until, "id": reply.body.certificate.id });
    session.show(&value, |out| {
        let shown = profile.cert.display();
        out.line(format!("renewed: `{shown}` is good until {until}"));
    });
    Ok(Exit::Done)
}

/// The file says nothing of it, and a timer that was told "nothing to do" would let the profile die.
fn renewed_already(path: &Path, ends_at: &str) -> Failure {
    let shown = path.display();
    Failure::refused(format!(
        "`{shown}` was renewed to another certificate and is let in until {ends_at} only; it cannot be \
         renewed again"
    ))
    .and(
        "put the certificate and key that it was renewed to into the profile; if they are lost, have an \
         operator issue others: `countersign pki issue`",
    )
}

fn validity(path: &Path) -> Result<Validity, Failure> {
    let shown = path.display();
    let der = CertificateDer::from_pem_file(path).map_err(|error| {
        Failure::usage(format!(
            "expected PEM of a certificate in `{shown}`: {error}"
        ))
    })?;
    let (_, certificate) = X509Certificate::from_der(&der)
        .map_err(|error| Failure::usage(format!("`{shown}` is no certificate: {error}")))?;
    let time = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    Ok(Validity {
        from: time(certificate.validity().not_before.timestamp()),
        until: time(certificate.validity().not_after.timestamp()),
    })
}

/// A request for a certificate over the key in this file.
fn request(path: &Path) -> Result<String, Failure> {
    let pem = Zeroizing::new(input::read_text(path, MAX_KEY)?);
    let shown = path.display();
    let unusable =
        |error: rcgen::Error| Failure::usage(format!("cannot use the key `{shown}`: {error}"));
    let key = rcgen::KeyPair::from_pem(&pem).map_err(unusable)?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(unusable)
}

/// Puts a certificate in the place of the one before, whole or not at all.
fn replace(profile: &Profile, pem: &str) -> Result<(), Failure> {
    let path = &profile.cert;
    let mut name = path.clone().into_os_string();
    name.push(".new");
    let new = PathBuf::from(name);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(pem.as_bytes())?;
        file.set_permissions(fs::metadata(path)?.permissions())?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&new, path))
        .map_err(|error| {
            let shown = path.display();
            Failure::usage(format!("cannot replace `{shown}`: {error}")).and(
                "a certificate was issued and is lost; the one before stays good until it expires",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_after_two_thirds() {
        let at = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let day = Validity {
            from: at(0),
            until: at(24),
        };
        assert_eq!(day.due(), at(16));
    }

    /// A file that looks good for weeks: only the appliance knows that it was replaced.
    #[test]
    fn a_certificate_that_was_renewed_elsewhere_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let failure = renewed_already(&folder.path().join("me.pem"), "t");
        assert_eq!(failure.exit, Exit::Refused);
        assert!(
            failure.lines[0].contains("let in until t only"),
            "{failure:?}"
        );
    }

    #[test]
    fn files_are_read_and_one_of_them_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 11, 1);
        params.not_after = rcgen::date_time_ymd(2026, 12, 1);
        let old = params.self_signed(&key).unwrap().pem();
        fs::write(path("me.pem"), old).unwrap();
        fs::write(path("me.key"), key.serialize_pem()).unwrap();
        let profile = Profile {
            url: String::new(),
            ca: path("ca.pem"),
            cert: path("me.pem"),
            key: path("me.key"),
        };
        let read = validity(&profile.cert).unwrap();
        assert_eq!(read.from.to_string(), "2026-11-01T00:00:00.000000Z");
        assert_eq!(read.due().to_string(), "2026-11-21T00:00:00.000000Z");
        assert!(
            request(&profile.key)
                .unwrap()
                .contains("CERTIFICATE REQUEST")
        );
        replace(&profile, "new").unwrap();
        assert_eq!(fs::read_to_string(path("me.pem")).unwrap(), "new");
        assert!(!path("me.pem.new").exists());
        assert!(validity(&profile.cert).is_err());
    }
}
