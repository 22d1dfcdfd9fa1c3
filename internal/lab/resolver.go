package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// startResolver serves the lab's names over UDP and TCP: what the public DNS
// would say of proxied hostnames (the edge), of others (their records), and of
// the world's external names. Everything else does not exist.
func (l *Lab) startResolver(ctx context.Context) error {
	names := l.names()
	mux := dns.HandlerFunc(func(w dns.ResponseWriter, req *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(req)
		m.Authoritative, m.RecursionAvailable = true, true
		if len(req.Question) != 1 {
			m.Rcode = dns.RcodeFormatError
			_ = w.WriteMsg(m)
			return
		}
		q := req.Question[0]
		m.Answer, m.Rcode = answer(names, q)
		_ = w.WriteMsg(m)
	})

	var lc net.ListenConfig
	tcp, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("binding the resolver: %w", err)
	}
	udp, err := lc.ListenPacket(ctx, "udp", tcp.Addr().String())
	if err != nil {
		tcp.Close()
		return fmt.Errorf("binding the resolver: %w", err)
	}
	l.ResolverAddress = tcp.Addr().String()
	var running sync.WaitGroup
	l.closers = append(l.closers, running.Wait)
	for _, srv := range []*dns.Server{{Listener: tcp, Net: "tcp", Handler: mux}, {PacketConn: udp, Net: "udp", Handler: mux}} {
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		srv.ReadTimeout, srv.WriteTimeout = 5*time.Second, 5*time.Second
		running.Go(func() { _ = srv.ActivateAndServe() })
		<-started
		l.closers = append(l.closers, func() { _ = srv.Shutdown() }) // waits for what is being answered
	}
	return nil
}

// name is what the resolver knows of one name.
type name struct {
	addrs []netip.Addr
	cname string
}

// names lists what the resolver answers for.
func (l *Lab) names() map[string]name {
	out := map[string]name{}
	for external, origin := range l.world.ExternalDNS {
		out[external] = name{addrs: []netip.Addr{l.addresses[origin].Addr()}}
	}
	for _, z := range l.world.Zones {
		for _, h := range z.Hosts {
			n := name{addrs: []netip.Addr{l.edgeIP}}
			if z.Paused {
				n.addrs = nil
				for _, o := range h.origins() {
					n.addrs = append(n.addrs, l.addresses[o].Addr())
				}
			}
			out[h.fqdn(z.Name)] = n
		}
		for _, r := range z.Records {
			host := fqdn(r.Name, z.Name)
			content := l.substitute(r.Content)
			switch {
			case r.Type == "CNAME" && !r.Proxied:
				out[host] = name{cname: content}
			case r.Proxied:
				out[host] = name{addrs: []netip.Addr{l.edgeIP}}
			case r.Type == "A" || r.Type == "AAAA":
				if a, err := netip.ParseAddr(content); err == nil {
					n := out[host]
					n.addrs = append(n.addrs, a)
					out[host] = n
				}
			}
		}
	}
	return out
}

// substitute puts origins' addresses in place of their names in braces.
func (l *Lab) substitute(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	for origin, at := range l.addresses {
		s = strings.ReplaceAll(s, "{"+origin+"}", at.Addr().String())
	}
	return s
}

// answer answers a question; a chain of at most eight names is followed.
func answer(names map[string]name, q dns.Question) (rrs []dns.RR, rcode int) {
	at := q.Name
	for range 8 {
		n, ok := names[strings.ToLower(strings.TrimSuffix(at, "."))]
		if !ok {
			return rrs, dns.RcodeNameError
		}
		if n.cname == "" {
			for _, a := range n.addrs {
				switch {
				case q.Qtype == dns.TypeA && a.Is4():
					rrs = append(rrs, &dns.A{Hdr: header(at, dns.TypeA), A: a.AsSlice()})
				case q.Qtype == dns.TypeAAAA && a.Is6():
					rrs = append(rrs, &dns.AAAA{Hdr: header(at, dns.TypeAAAA), AAAA: a.AsSlice()})
				}
			}
			return rrs, dns.RcodeSuccess
		}
		rrs = append(rrs, &dns.CNAME{Hdr: header(at, dns.TypeCNAME), Target: dns.Fqdn(n.cname)})
		if q.Qtype == dns.TypeCNAME {
			return rrs, dns.RcodeSuccess
		}
		at = n.cname
	}
	return rrs, dns.RcodeServerFailure
}

func header(n string, t uint16) dns.RR_Header {
	return dns.RR_Header{Name: dns.Fqdn(n), Rrtype: t, Class: dns.ClassINET, Ttl: 60}
}
