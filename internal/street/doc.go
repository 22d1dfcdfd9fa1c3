// Package street is a street of real servers on loopback, for measuring what
// aopscan says of them: nginx, Apache, HAProxy, Caddy and others, each in many
// postures, and hostile listeners beside them.
//
// Every house of the street is a [Case]: where it listens, what is true of it,
// what the scanner is expected to say and, since a table of expectations is
// worth no more than its truth, the requests that show the truth with curl and
// openssl. The package imports nothing that it measures.
package street
