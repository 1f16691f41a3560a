//! Ending a process whose threads may still be inside the module.

#![allow(
    unsafe_code,
    reason = "no safe function ends a process without its exit handlers"
)]

/// Ends the process at once, as POSIX `_exit` does; output that was not flushed is lost.
///
/// Returning from `main` runs the module's own exit handlers, which take down its state under
/// the feet of threads that are closing their sessions just then: SoftHSM2 2.6.1 crashes there,
/// and the exit code is lost. Nothing on the token waits for those handlers.
pub fn leave(code: u8) -> ! {
    // SAFETY: `_exit` (POSIX.1-2017) has no precondition, and nothing runs after it.
    unsafe { libc::_exit(i32::from(code)) }
}
