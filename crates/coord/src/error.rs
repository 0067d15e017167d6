//! Why a coordinator did not do what it was asked.

use std::path::PathBuf;

use crate::EdgeId;

/// Failure of a coordinator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The edge has not joined, or its membership has ended.
    #[error("edge {0} is not a member")]
    NotMember(EdgeId),
    /// A text that is no name of an edge.
    #[error("an edge's name has 1 to 64 letters, digits, '.', '_' and '-'")]
    EdgeName,
    /// Another process has the directory open.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The file that keeps epochs rising cannot be read as what was written. Starting again at the
    /// beginning would make devices refuse this node, so that is left to an operator.
    #[error("{} is damaged", .0.display())]
    Corrupt(PathBuf),
    /// The coordinator was closed.
    #[error("the coordinator is closed")]
    Closed,
    /// The disk or the file system failed.
    #[error("coordinator: {0}")]
    Io(#[from] std::io::Error),
}
