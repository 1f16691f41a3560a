use Consequence::{Broken, NotSent, OutcomeUnknown, Refused};
use Function::{
    CreateObject, Decrypt, FindObjects, GenerateKeyPair, Login, Sign, SignInit, UnwrapKey,
};

use super::*;

fn of(step: Step, code: RvError, function: Function) -> (Consequence, Recovery) {
    let failure = step.failed(Cryptoki::Pkcs11(code, function));
    (failure.error.consequence(), failure.recovery)
}

#[rustfmt::skip]
const MEANINGS: &[(RvError, Function, Consequence, Recovery)] = &[
    (RvError::SessionHandleInvalid, Sign, NotSent, Recovery::Login),
    (RvError::UserNotLoggedIn, SignInit, NotSent, Recovery::Login),
    (RvError::DeviceRemoved, SignInit, NotSent, Recovery::Login),
    (RvError::DeviceRemoved, Sign, OutcomeUnknown, Recovery::Login),
    (RvError::TokenNotPresent, Sign, NotSent, Recovery::Login),
    (RvError::KeyHandleInvalid, SignInit, NotSent, Recovery::Handle),
    (RvError::OperationActive, SignInit, NotSent, Recovery::Session),
    (RvError::GeneralError, SignInit, NotSent, Recovery::Session),
    (RvError::GeneralError, Sign, OutcomeUnknown, Recovery::Session),
    (RvError::VendorDefined(0x8000_0001), Sign, OutcomeUnknown, Recovery::Session),
    (RvError::GeneralError, FindObjects, NotSent, Recovery::Session),
    (RvError::FunctionFailed, GenerateKeyPair, OutcomeUnknown, Recovery::None),
    (RvError::GeneralError, CreateObject, OutcomeUnknown, Recovery::None),
    (RvError::GeneralError, UnwrapKey, Refused, Recovery::Session),
    (RvError::EncryptedDataInvalid, Decrypt, Refused, Recovery::Session),
    (RvError::KeyFunctionNotPermitted, SignInit, Refused, Recovery::Session),
    (RvError::PinIncorrect, Login, Broken, Recovery::None),
    (RvError::CryptokiNotInitialized, SignInit, NotSent, Recovery::Module),
    (RvError::CryptokiNotInitialized, Sign, OutcomeUnknown, Recovery::Module),
    (RvError::FipsSelfTestFailed, Sign, Broken, Recovery::None),
];

#[test]
fn a_code_means_what_the_specification_says_where_it_happened() {
    for (code, function, consequence, recovery) in MEANINGS {
        let meant = of(lasting("signing"), *code, *function);
        assert_eq!(meant, (*consequence, *recovery), "{code:?} in {function:?}");
    }
}

#[test]
fn nothing_is_unknown_in_a_harmless_step() {
    for code in [
        RvError::GeneralError,
        RvError::DeviceRemoved,
        RvError::FunctionCanceled,
    ] {
        let (consequence, _) = of(harmless("probing"), code, Sign);
        assert_eq!(consequence, NotSent, "{code:?}");
    }
}

#[test]
fn an_error_names_the_function_and_the_answer() {
    let failure = lasting("signing").failed(Cryptoki::Pkcs11(RvError::DeviceError, Sign));
    assert!(
        failure
            .error
            .to_string()
            .contains("C_Sign answered DeviceError")
    );
}
