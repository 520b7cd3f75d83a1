//! The smallest kind there is: a link between two rooms, each of which holds a half that points at the other. Azure is a
//! map in memory. Its files have the names that those of a kind have under `src/kinds`.

mod body;
mod decide;
mod ids;
mod kind;
mod list;
mod messages;
mod read;
mod request;
mod rooms;
mod terms;

pub(crate) use self::kind::LinkKind;
pub(crate) use self::rooms::Rooms;
