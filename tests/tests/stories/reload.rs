//! A gateway takes up another configuration while it serves.

mod backend;
mod broken;
mod files;
mod restart;
mod rules;
