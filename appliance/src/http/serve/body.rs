//! Reading a request's body within bounds.

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::LengthLimitError;
use hyper::body::Bytes;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than allowed.
    #[error("expected a body of at most {most} bytes")]
    TooLarge {
        /// What is allowed.
        most: usize,
    },
    /// Not there in time.
    #[error("expected the whole body within {}s", within.as_secs_f32())]
    TooSlow {
        /// What is allowed.
        within: Duration,
    },
    /// The connection broke or the framing is wrong.
    #[error("the body could not be read")]
    Broken,
}

/// Reads a whole body of at most `most` bytes within `within`. A body that announces more is
/// refused before a byte of it is read.
///
/// # Errors
/// [`BodyError`]; overruns are counted.
pub async fn read_body(body: Body, most: usize, within: Duration) -> Result<Bytes, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(BodyError::TooLarge { most });
    }
    match tokio::time::timeout(within, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(|e| e.is::<LengthLimitError>()) => {
            Err(BodyError::TooLarge { most })
        }
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => {
            metrics::counter!("countersign_timeouts_total", "kind" => "body").increment(1);
            Err(BodyError::TooSlow { within })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Gives its pieces one at a time, announces nothing, then ends or hangs.
    struct Pieces {
        left: usize,
        hangs: bool,
    }

    impl axum::body::HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.left == 0 {
                return if self.hangs {
                    Poll::Pending
                } else {
                    Poll::Ready(None)
                };
            }
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"0123456789")))))
        }
    }

    fn pieces(left: usize, hangs: bool) -> Body {
        Body::new(Pieces { left, hangs })
    }

    #[tokio::test]
    async fn a_body_that_just_fits_is_read() {
        let read = read_body(Body::from("ten bytes!"), 10, SECOND).await;
        assert_eq!(read.unwrap(), "ten bytes!");
        assert_eq!(
            read_body(pieces(3, false), 30, SECOND).await.unwrap().len(),
            30
        );
    }

    #[tokio::test]
    async fn too_large_is_refused_whether_announced_or_not() {
        let refused = Err(BodyError::TooLarge { most: 9 });
        assert_eq!(
            read_body(Body::from("ten bytes!"), 9, SECOND).await,
            refused
        );
        assert_eq!(read_body(pieces(1, true), 9, SECOND).await, refused);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let within = Duration::from_millis(20);
        assert_eq!(
            read_body(pieces(1, true), 99, within).await,
            Err(BodyError::TooSlow { within })
        );
    }
}
