// Package version names the build of the tool, as it is written into models,
// data sets and run folders.
//
// Read first: [Tool], [Number], [Revision].
package version

import "runtime/debug"

// Number is the version of the tool.
const Number = "0.1.0"

// Tool returns the name and version that files carry.
func Tool() string { return "hinge " + Number }

// Revision returns the commit the binary was built from, "" if it is unknown,
// with "+changes" when files were modified.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+changes"
		}
	}
	if revision == "" {
		return ""
	}
	return revision[:min(len(revision), 12)] + modified
}
