// Package mmap shows a file as memory, so that more can be read than fits: the
// system brings pages when they are touched and drops them when it needs room.
//
// Read first: [Read].
package mmap
