//! What each PKCS#11 return value means to the caller, and how the adapter mends itself.
//!
//! Source: PKCS#11 v3.1, section 5.1 (function return values), read with the question "may the
//! device have acted?", and what was seen on real modules.

use cryptoki::context::Function;
use cryptoki::error::{Error as Cryptoki, RvError};

use crate::error::{Consequence, Error};

/// What the adapter does before the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Nothing helps.
    None,
    /// Drop the session: an operation may be left active in it.
    Session,
    /// Drop the session and look whether the login, and with it every handle, is lost.
    Login,
    /// As `Login`, and forget the handle that was used.
    Handle,
    /// The module may have lost its view of the token: start it again, as often as the breaker
    /// allows.
    Module,
}

/// A failed call inside the adapter.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) recovery: Recovery,
}

impl Failure {
    /// The same failure, met after the step that lasts was done.
    pub(super) fn after_acting(self) -> Self {
        let detail = self.error.detail();
        let (doing, cause) = (detail.doing().to_owned(), detail.cause().to_owned());
        let advice = "it may exist; look before trying again";
        let error = Error::new(Consequence::OutcomeUnknown, doing, cause, advice);
        Self {
            error,
            recovery: Recovery::Session,
        }
    }
}

impl Failure {
    /// Whether the call may be made again once the adapter mended itself.
    pub(super) fn nothing_done(&self) -> bool {
        match self.recovery {
            Recovery::None => false,
            Recovery::Module => self.error.consequence() != Consequence::OutcomeUnknown,
            Recovery::Session | Recovery::Login | Recovery::Handle => {
                self.error.consequence() == Consequence::NotSent
            }
        }
    }

    /// The same failure of a module that has become suspect.
    pub(super) fn suspicious(self) -> Self {
        Self {
            recovery: Recovery::Module,
            ..self
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            recovery: Recovery::None,
        }
    }
}

/// What was being done, and whether it would last beyond the call.
#[derive(Clone, Copy)]
pub(super) struct Step {
    doing: &'static str,
    lasting: bool,
}

/// A step that changes the token or makes a signature.
pub(super) const fn lasting(doing: &'static str) -> Step {
    Step {
        doing,
        lasting: true,
    }
}

/// A step that can be repeated at will.
pub(super) const fn harmless(doing: &'static str) -> Step {
    Step {
        doing,
        lasting: false,
    }
}

impl Step {
    /// For `map_err`: the failure that `cause` means in this step.
    pub(super) fn failed(self, cause: Cryptoki) -> Failure {
        let (class, function) = match &cause {
            Cryptoki::Pkcs11(code, function) => (class(*code), Some(*function)),
            Cryptoki::LibraryLoading(_) | Cryptoki::MissingSymbol(_) => (Class::Dead, None),
            Cryptoki::NullFunctionPointer | Cryptoki::NotSupported => (Class::Refusal, None),
            Cryptoki::TryFromInt(_)
            | Cryptoki::TryFromSlice(_)
            | Cryptoki::ParseInt(_)
            | Cryptoki::Utf8(_)
            | Cryptoki::NulError(_)
            | Cryptoki::InvalidValue
            | Cryptoki::PinNotSet => (Class::Trouble, None),
        };
        let acted = self.lasting && function.is_none_or(acts);
        let (consequence, recovery, advice) = meaning(class, acted, function.is_some_and(opens));
        // A full token is no reason to start the module again, which writes to it.
        let recovery = match class {
            Class::Trouble if function.is_some_and(stores) => Recovery::None,
            _ => recovery,
        };
        let cause = match cause {
            Cryptoki::Pkcs11(code, function) => format!("C_{function:?} answered {code:?}"),
            other => other.to_string(),
        };
        Failure {
            error: Error::new(consequence, self.doing, cause, advice),
            recovery,
        }
    }

    /// A failure that the adapter found by itself.
    pub(super) fn lost_login(self) -> Failure {
        let (consequence, recovery, advice) = meaning(Class::Gone, false, false);
        Failure {
            error: Error::new(
                consequence,
                self.doing,
                "the token forgot the login",
                advice,
            ),
            recovery,
        }
    }
}

/// Functions that leave something behind; failing in another one, nothing was done yet.
fn acts(function: Function) -> bool {
    matches!(
        function,
        Function::Sign
            | Function::GenerateKey
            | Function::GenerateKeyPair
            | Function::CreateObject
            | Function::DestroyObject
    )
}

/// Functions that write to the token's storage.
fn stores(function: Function) -> bool {
    acts(function) && !matches!(function, Function::Sign)
}

/// Functions that open stored key material.
fn opens(function: Function) -> bool {
    matches!(function, Function::UnwrapKey | Function::Decrypt)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The session or the login was gone before the call.
    Gone,
    /// The session or the device went away during the call.
    Cut,
    /// The token is not there.
    Away,
    /// The handle is not, or no longer, an object.
    Stale,
    /// Out of memory or sessions, or an earlier operation is in the way.
    Busy,
    /// Something went wrong; the code does not say what.
    Trouble,
    /// The token says no, and will say it again.
    Refusal,
    /// The PIN is not accepted; trying again would lock the token.
    Pin,
    /// The PIN itself.
    WrongPin,
    /// The module has lost its own state.
    Confused,
    /// The module cannot go on.
    Dead,
}

fn meaning(class: Class, acted: bool, opening: bool) -> (Consequence, Recovery, &'static str) {
    use Consequence::{Broken, NotSent, OutcomeUnknown, Refused};
    let unless_acted = if acted { OutcomeUnknown } else { NotSent };
    match class {
        Class::Gone => (
            NotSent,
            Recovery::Login,
            "try again; the adapter logs in again",
        ),
        Class::Cut => (
            unless_acted,
            Recovery::Login,
            "check the connection to the device",
        ),
        Class::Away => (
            NotSent,
            Recovery::Login,
            "check that the device is connected and on",
        ),
        Class::Stale => (
            NotSent,
            Recovery::Handle,
            "try again; the adapter looks for it again",
        ),
        Class::Busy => (
            NotSent,
            Recovery::Session,
            "try again; use fewer workers if it recurs",
        ),
        Class::Trouble if opening => (
            Refused,
            Recovery::Session,
            "the stored key was altered or belongs to another token; restore it from a backup",
        ),
        Class::Trouble => (
            unless_acted,
            Recovery::Session,
            "look at the device's own log",
        ),
        Class::Refusal => (
            Refused,
            Recovery::Session,
            "see what this token allows in `doctor`",
        ),
        Class::WrongPin => (
            Broken,
            Recovery::None,
            "it was tried once and is not tried again by itself: correct it, run `countersignd doctor \
             --try-pin` once, which ends the token's warning of a wrong try, then start",
        ),
        Class::Pin => (
            Broken,
            Recovery::None,
            "correct the pin and restart; it is not retried",
        ),
        Class::Confused => (
            unless_acted,
            Recovery::Module,
            "try again; the module is started again by itself",
        ),
        Class::Dead => (
            Broken,
            Recovery::None,
            "restart; if it recurs, examine the module",
        ),
    }
}

fn class(code: RvError) -> Class {
    use RvError as C;
    match code {
        C::SessionHandleInvalid | C::UserNotLoggedIn => Class::Gone,
        C::SessionClosed | C::DeviceRemoved | C::FunctionCanceled | C::Cancel => Class::Cut,
        C::TokenNotPresent | C::TokenNotRecognized | C::SlotIdInvalid | C::NoEvent => Class::Away,
        C::KeyHandleInvalid
        | C::ObjectHandleInvalid
        | C::UnwrappingKeyHandleInvalid
        | C::WrappingKeyHandleInvalid
        | C::KeyChanged
        | C::KeyNeeded
        | C::KeyNotNeeded => Class::Stale,
        C::OperationActive
        | C::OperationNotInitialized
        | C::SessionCount
        | C::HostMemory
        | C::DeviceMemory
        | C::SavedStateInvalid
        | C::StateUnsaveable => Class::Busy,
        C::GeneralError
        | C::FunctionFailed
        | C::DeviceError
        | C::BufferTooSmall
        | C::ExceededMaxIterations
        | C::VendorDefined(_)
        | C::UnknownErrorCode(_) => Class::Trouble,
        C::PinIncorrect => Class::WrongPin,
        C::PinInvalid
        | C::PinLenRange
        | C::PinExpired
        | C::PinLocked
        | C::PinTooWeak
        | C::NewPinMode
        | C::NextOtp
        | C::UserPinNotInitialized
        | C::UserTypeInvalid
        | C::UserAnotherAlreadyLoggedIn
        | C::UserTooManyTypes => Class::Pin,
        C::CryptokiNotInitialized | C::MutexBad | C::MutexNotLocked => Class::Confused,
        C::CryptokiAlreadyInitialized
        | C::NeedToCreateThreads
        | C::CantLock
        | C::FipsSelfTestFailed
        | C::LibraryLoadFailed => Class::Dead,
        other => refusal(other),
    }
}

/// The codes by which a token says no; one that is listed nowhere may mean anything.
fn refusal(code: RvError) -> Class {
    use RvError as C;
    match code {
        C::ArgumentsBad
        | C::AttributeReadOnly
        | C::AttributeSensitive
        | C::AttributeTypeInvalid
        | C::AttributeValueInvalid
        | C::ActionProhibited
        | C::DataInvalid
        | C::DataLenRange
        | C::EncryptedDataInvalid
        | C::EncryptedDataLenRange
        | C::FunctionNotParallel
        | C::FunctionNotSupported
        | C::CurveNotSupported
        | C::KeySizeRange
        | C::KeyTypeInconsistent
        | C::KeyIndigestible
        | C::KeyFunctionNotPermitted
        | C::KeyNotWrappable
        | C::KeyUnextractable
        | C::MechanismInvalid
        | C::MechanismParamInvalid
        | C::SessionParallelNotSupported
        | C::SessionReadOnly
        | C::SessionExists
        | C::SessionReadOnlyExists
        | C::SessionReadWriteSoExists
        | C::SignatureInvalid
        | C::SignatureLenRange
        | C::TemplateIncomplete
        | C::TemplateInconsistent
        | C::TokenWriteProtected
        | C::UnwrappingKeySizeRange
        | C::UnwrappingKeyTypeInconsistent
        | C::UserAlreadyLoggedIn
        | C::WrappedKeyInvalid
        | C::WrappedKeyLenRange
        | C::WrappingKeySizeRange
        | C::WrappingKeyTypeInconsistent
        | C::RandomSeedNotSupported
        | C::RandomNoRng
        | C::DomainParamsInvalid
        | C::InformationSensitive
        | C::PublicKeyInvalid
        | C::FunctionRejected => Class::Refusal,
        _ => Class::Trouble,
    }
}

#[cfg(test)]
mod tests;
