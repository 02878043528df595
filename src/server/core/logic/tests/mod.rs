//! The rules of the server one by one.
