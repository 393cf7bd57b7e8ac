//! All points, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use gori_core::{Point, Result};

use super::view::{Address, View};

/// All points as they were when this was made, oldest first. Later writes do not change
/// what it gives. Reads from disk: not for async threads.
#[derive(Debug)]
pub struct Points {
    view: Arc<View>,
    left: VecDeque<Address>,
}

impl Points {
    pub(crate) fn new(view: Arc<View>) -> Result<Self> {
        let left = view.select(None)?.into();
        Ok(Self { view, left })
    }
}

impl Iterator for Points {
    type Item = Result<Point>;

    fn next(&mut self) -> Option<Self::Item> {
        let address = self.left.pop_front()?;
        self.view.point(address).transpose()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl ExactSizeIterator for Points {}
