//! What happens by itself as time goes on.

use time::OffsetDateTime;

use super::state::Store;
use crate::events::Happening;
use crate::mint::Mint;

impl Store {
    /// Lets everything happen that is due, in the order of its times, and gives what there is to tell.
    pub(crate) fn settle(
        &mut self,
        mint: &mut Mint,
        now: OffsetDateTime,
    ) -> Vec<(OffsetDateTime, Happening)> {
        let mut told = Vec::new();
        let due =
            |store: &Self| store.operations.next_due().into_iter().chain(store.managers.next_due()).min();
        while let Some(at) = due(self).filter(|&at| at <= now) {
            told.extend(self.end_operations(mint, at));
            self.flip(at);
            self.look_around(mint, at);
        }
        told
    }

    /// Ends every operation that is due, in the order of their times, and gives what there is to tell about each.
    fn end_operations(&mut self, mint: &mut Mint, now: OffsetDateTime) -> Vec<(OffsetDateTime, Happening)> {
        let mut told = Vec::new();
        while let Some(ended) = self.operations.end_next(now) {
            told.extend(ended.tells.into_iter().map(|happening| (ended.at, happening)));
            (ended.finish)(self, mint, &ended.subject);
        }
        self.operations.forget(now);
        told
    }
}
