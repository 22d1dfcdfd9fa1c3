// Package ecosystem holds the tests of what surrounds the program: the GitHub
// Action, the workflows and CI examples, the container, the release and the
// pre-commit hook. What can be run without those services is run, against the
// lab; the rest is checked for form.
package ecosystem
