//! Files, flags and namespaces as client-go reads them.
