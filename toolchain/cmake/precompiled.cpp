// What headers are precompiled for is a source file; this one is empty (HolmLibrary.cmake, holm_precompiled).
