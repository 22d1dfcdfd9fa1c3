package probe

// certificates makes the client certificates that attempts offer.
type certificates struct{}

func newCertificates(o Options) *certificates { return &certificates{} }
