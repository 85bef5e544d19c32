//! Finds the route for a path, by the descriptor alone.

use super::TestError;
use crate::descriptor::Descriptor;
use std::collections::BTreeMap;

pub(super) struct Routes {
    paths: matchit::Router<Vec<Method>>,
}

struct Method {
    name: String,
    index: usize,
}

/// A route and the parameters of its path.
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) params: Vec<(String, String)>,
}

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    Path,
    /// The path has other methods only.
    Method,
}

impl Routes {
    pub(super) fn of(descriptor: &Descriptor) -> Result<Self, TestError> {
        let mut by_path = BTreeMap::<&str, Vec<Method>>::new();
        for (index, route) in descriptor.routes.iter().enumerate() {
            by_path.entry(&route.path).or_default().push(Method { name: route.method.clone(), index });
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            let inserted = paths.insert(path, methods);
            inserted.map_err(|error| TestError::Route { path: path.to_owned(), reason: error.to_string() })?;
        }
        Ok(Self { paths })
    }

    /// `path` may have a query.
    pub(super) fn find(&self, method: &str, path: &str) -> Result<Found, Missing> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let matched = self.paths.at(path).map_err(|_| Missing::Path)?;
        let method = matched.value.iter().find(|known| known.name == method).ok_or(Missing::Method)?;
        let params = matched.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Found { index: method.index, params })
    }
}
