//! What the file of every type works with: the call and the state, the caller's rights, operations, pages.

mod cx;
mod grants;
mod kind;
mod operations;
mod paging;
mod rights;

pub(crate) use cx::Cx;
pub(super) use kind::{Item, Kind};
pub(super) use operations::Begin;
pub(super) use paging::page;
