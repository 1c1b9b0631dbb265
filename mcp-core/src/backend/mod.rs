//! The backend: what may be asked of it, how it is asked, and what its answers mean.

pub mod capability;
pub mod client;
pub mod cursor;
pub mod detector;
pub mod fault;
pub mod inquiry;
pub mod list;
pub mod pages;
pub mod preflight;
pub mod profile;
pub mod surface;
pub mod vocabulary;
pub mod walk;
