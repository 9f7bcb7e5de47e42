//! Two futures at a time, in one task: either may borrow what is here.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Waits for both. Dropping it drops both.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut left, mut right) = (None, None);
    poll_fn(|context| {
        if left.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            left = Some(output);
        }
        if right.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            right = Some(output);
        }
        match (left.take(), right.take()) {
            (Some(left), Some(right)) => Poll::Ready((left, right)),
            unfinished => {
                (left, right) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
