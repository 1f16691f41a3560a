//! The one thing the safe binding lacks: a key template inside a template.
//!
//! `CKA_UNWRAP_TEMPLATE` (PKCS#11 v3.1, 4.10.2) fixes what anything opened with a wrapping key
//! must be, whatever the caller of `C_UnwrapKey` asks for.

#![allow(
    unsafe_code,
    reason = "the safe binding has no attribute that holds attributes"
)]

use std::path::Path;
use std::ptr;

use cryptoki::context::Function;
use cryptoki::error::{Error as Cryptoki, Rv};
use cryptoki::object::Attribute;
use cryptoki::session::Session;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_FUNCTION_LIST, CK_MECHANISM, CK_ULONG, CKA_UNWRAP_TEMPLATE, CKM_AES_KEY_GEN,
    Pkcs11,
};

use super::templates::unwrap_template;

/// Generates an AES key as `template` says, with [`unwrap_template`] fixed in it.
pub(super) fn generate_wrapping_key(
    module: &Path,
    session: &Session,
    template: &[Attribute],
) -> Result<(), Cryptoki> {
    let fixed = unwrap_template();
    let mut inner: Vec<CK_ATTRIBUTE> = fixed.iter().map(Into::into).collect();
    let mut outer: Vec<CK_ATTRIBUTE> = template.iter().map(Into::into).collect();
    outer.push(CK_ATTRIBUTE {
        type_: CKA_UNWRAP_TEMPLATE,
        pValue: inner.as_mut_ptr().cast(),
        ulValueLen: CK_ULONG::try_from(size_of_val(inner.as_slice()))?,
    });
    let mut mechanism = CK_MECHANISM {
        mechanism: CKM_AES_KEY_GEN,
        pParameter: ptr::null_mut(),
        ulParameterLen: 0,
    };
    let count = CK_ULONG::try_from(outer.len())?;
    let mut handle = 0;
    // SAFETY: the module was loaded and initialised by `module::load` before a session could
    // exist, so this opens the same library again; its initialisers do not run a second time.
    let library = unsafe { Pkcs11::new(module) }.map_err(Cryptoki::LibraryLoading)?;
    let functions = function_list(&library)?;
    let generate = functions
        .C_GenerateKey
        .ok_or(Cryptoki::NullFunctionPointer)?;
    // SAFETY: the session is alive, as we borrow it. Every pointer is to a local that outlives the
    // call, with its true length: the attribute values are owned by `template` and
    // `fixed`, and the array inside the last attribute by `inner`.
    let code = unsafe {
        generate(
            session.handle(),
            &raw mut mechanism,
            outer.as_mut_ptr(),
            count,
            &raw mut handle,
        )
    };
    Rv::from(code).into_result(Function::GenerateKey)
}

fn function_list(library: &Pkcs11) -> Result<CK_FUNCTION_LIST, Cryptoki> {
    if library.C_GetFunctionList.is_err() {
        return Err(Cryptoki::MissingSymbol("C_GetFunctionList"));
    }
    let mut list = ptr::null_mut();
    // SAFETY: the symbol is there (checked above) and writes one pointer to a local.
    let code = unsafe { library.C_GetFunctionList(&raw mut list) };
    Rv::from(code).into_result(Function::GetFunctionList)?;
    // SAFETY: on success the module hands out a pointer to its own static list; null is checked.
    unsafe { list.as_ref() }
        .copied()
        .ok_or(Cryptoki::NullFunctionPointer)
}
