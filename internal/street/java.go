//go:build linux

package street

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// javaArgs keep a virtual machine small.
var javaArgs = []string{"java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true", "-Djava.security.egd=file:/dev/urandom"}

// tomcatWebXML serves files, with a constraint where there is one.
func tomcatWebXML(constraint string) string {
	return `<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
<servlet><servlet-name>default</servlet-name><servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>
<servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
<welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>
<mime-mapping><extension>html</extension><mime-type>text/html</mime-type></mime-mapping>
` + constraint + "</web-app>\n"
}

const (
	clientCertAll  = `<security-constraint><web-resource-collection><web-resource-name>all</web-resource-name><url-pattern>/*</url-pattern></web-resource-collection><auth-constraint><role-name>edge</role-name></auth-constraint></security-constraint>` + clientCertOnly
	clientCertRoot = `<security-constraint><web-resource-collection><web-resource-name>root</web-resource-name><url-pattern></url-pattern><url-pattern>/index.html</url-pattern></web-resource-collection><auth-constraint><role-name>edge</role-name></auth-constraint></security-constraint>` + clientCertOnly
	clientCertOnly = `<login-config><auth-method>CLIENT-CERT</auth-method></login-config><security-role><role-name>edge</role-name></security-role>`
	nobodyAll      = `<security-constraint><web-resource-collection><web-resource-name>all</web-resource-name><url-pattern>/*</url-pattern></web-resource-collection><auth-constraint/></security-constraint>`
)

func buildTomcat(b *block) error {
	key, trust, other, err := b.keystores()
	if err != nil {
		return err
	}
	for name, constraint := range map[string]string{"plain": "", "clientcert": clientCertAll, "rootcert": clientCertRoot, "nobody": nobodyAll} {
		dir := filepath.Join(b.dir, "apps-"+name, "ROOT")
		for file, text := range map[string]string{"index.html": protectedPage(""), "open/index.html": protectedPage(""), "WEB-INF/web.xml": tomcatWebXML(constraint)} {
			rel, _ := filepath.Rel(b.dir, filepath.Join(dir, file))
			if _, err := b.write(rel, text); err != nil {
				return err
			}
		}
	}
	connector := func(ports, hosts string) string {
		return `<Connector address="@ADDR@" port="@PORT@" protocol="org.apache.coyote.http11.Http11NioProtocol" SSLEnabled="true" scheme="https" secure="true" minSpareThreads="1" maxThreads="20" acceptorThreadPriority="5"` + ports + ">" + hosts + "</Connector>"
	}
	tlsHost := func(name, verify, store, more string) string {
		trusted := ""
		if store != "" {
			trusted = fmt.Sprintf(` truststoreFile="%s" truststorePassword="street1" truststoreType="PKCS12"`, store)
		}
		return fmt.Sprintf(`<SSLHostConfig hostName="%s" certificateVerification="%s"%s %s><Certificate certificateKeystoreFile="%s" certificateKeystorePassword="street1" certificateKeystoreType="PKCS12"/></SSLHostConfig>`, name, verify, trusted, more, key)
	}
	const def = "_default_"
	single := func(verify, store, more string) string { return connector("", tlsHost(def, verify, store, more)) }
	// Only TLS 1.2 lets it ask after the request.
	renegotiated := func(c *Case) { c.Legit = &Way{Cert: "client", TLS: "1.2"}; noRenegotiation(c) }
	sites := []struct {
		site
		app string
	}{
		{site{"demanded", demanded(), single("required", trust, ""), nil}, "plain"},
		{site{"open", open(), single("none", "", ""), nil}, "plain"},
		{site{"optional", open(), single("optional", trust, ""), nil}, "plain"},
		{site{"optional-no-ca", open(), single("optionalNoCA", trust, ""), nil}, "plain"},
		{site{"wrong-ca", foreign(), single("required", other, ""), nil}, "plain"},
		{site{"client-cert", demanded(), single("none", trust, ""), renegotiated}, "clientcert"},
		{site{"client-cert-tls12", demanded(), single("none", trust, `protocols="TLSv1.2"`), noRenegotiation}, "clientcert"},
		{site{"client-cert-tls13", clientCert13(), single("none", trust, `protocols="TLSv1.3"`), nil}, "clientcert"},
		{site{"optional-client-cert", demanded(), single("optional", trust, ""), nil}, "clientcert"},
		{site{"client-cert-root-only", around("path", Way{Path: "/open/index.html"}), single("none", trust, ""), func(c *Case) { c.Paths = []string{"/open/index.html"}; renegotiated(c); c.ThroughEdge = nil }}, "rootcert"},
		{site{"tls12-demanded", demanded(), single("required", trust, `protocols="TLSv1.2"`), nil}, "plain"},
		{site{"tls13-demanded", demanded(), single("required", trust, `protocols="TLSv1.3"`), nil}, "plain"},
		{site{"http2-demanded", demanded(), connector("", tlsHost(def, "required", trust, "")+`<UpgradeProtocol className="org.apache.coyote.http2.Http2Protocol"/>`), nil}, "plain"},
		{site{"name-demanded-default-open", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "-", Host: "@HOST@."}),
			connector(` defaultSSLHostConfigName="@SIBLING@"`, tlsHost("@SIBLING@", "none", "", "")+tlsHost("@HOST@", "required", trust, "")), withSibling}, "plain"},
		{site{"plain-content", aroundElsewhere("plain-http|other-port", Way{Plain: true}), single("required", trust, "") + `<Connector address="@ADDR@" port="@PLAINPORT@" minSpareThreads="1" maxThreads="10"/><!-- @PLAIN@ -->`, nil}, "plain"},
		{site{"everybody-403", closedUnasked(), single("none", "", ""), nil}, "nobody"},
		{site{"everybody-403-asked", closedAsked(), single("optional", trust, ""), nil}, "nobody"},
	}
	var services strings.Builder
	for i, s := range sites {
		c := b.house(s.posture, s.expect)
		if s.tune != nil {
			s.tune(c)
		}
		b.expand("@TLS@", c)
		fmt.Fprintf(&services, `<Service name="s%d">%s<Engine name="e%d" defaultHost="localhost"><Realm className="org.apache.catalina.realm.MemoryRealm"/><Host name="localhost" appBase="%s" autoDeploy="false" deployXML="false"/></Engine></Service>`+"\n",
			i, b.expand(s.conf, c), i, filepath.Join(b.dir, "apps-"+s.app))
	}
	if _, err := b.write("conf/server.xml", `<Server port="-1" shutdown="x"><Listener className="org.apache.catalina.core.ThreadLocalLeakPreventionListener"/>`+"\n"+services.String()+"</Server>\n"); err != nil {
		return err
	}
	if _, err := b.write("conf/web.xml", tomcatWebXML("")); err != nil {
		return err
	}
	if _, err := b.write("conf/tomcat-users.xml", `<tomcat-users><role rolename="edge"/><user username="CN=Cloudflare, O=&quot;Cloudflare, Inc&quot;, C=US" password="" roles="edge"/></tomcat-users>`); err != nil {
		return err
	}
	for _, d := range []string{"logs", "temp", "work"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil {
			return err
		}
	}
	const home = "/usr/share/tomcat10"
	b.spawn(nil, append(append([]string{}, javaArgs...), "-cp", home+"/bin/bootstrap.jar:"+home+"/bin/tomcat-juli.jar",
		"-Dcatalina.home="+home, "-Dcatalina.base="+b.dir, "-Djava.io.tmpdir="+filepath.Join(b.dir, "temp"), "org.apache.catalina.startup.Bootstrap", "start")...)
	return nil
}

func buildJetty(b *block) error {
	key, trust, other, err := b.keystores()
	if err != nil {
		return err
	}
	connector := func(settings, store string) string {
		if store != "" {
			settings += `<Set name="TrustStorePath">` + store + `</Set><Set name="TrustStorePassword">street1</Set><Set name="TrustStoreType">PKCS12</Set>`
		}
		return `<Call name="addConnector"><Arg><New class="org.eclipse.jetty.server.ServerConnector"><Arg name="server"><Ref refid="Server"/></Arg>
<Arg name="executor"><Get name="threadPool"><Ref refid="Server"/></Get></Arg><Arg name="scheduler"/><Arg name="bufferPool"/><Arg type="int">1</Arg><Arg type="int">1</Arg>
<Arg><Array type="org.eclipse.jetty.server.ConnectionFactory"><Item><New class="org.eclipse.jetty.server.SslConnectionFactory"><Arg><New class="org.eclipse.jetty.util.ssl.SslContextFactory$Server">
<Set name="KeyStorePath">` + key + `</Set><Set name="KeyStorePassword">street1</Set><Set name="KeyStoreType">PKCS12</Set>` + settings + `</New></Arg><Arg>http/1.1</Arg></New></Item>
<Item><New class="org.eclipse.jetty.server.HttpConnectionFactory"/></Item></Array></Arg>
<Set name="host">@ADDR@</Set><Set name="port">@PORT@</Set></New></Arg></Call><!-- @TLS@ -->
`
	}
	const (
		need = `<Set name="NeedClientAuth">true</Set>`
		want = `<Set name="WantClientAuth">true</Set>`
	)
	only := func(version, not string) string {
		return `<Set name="IncludeProtocols"><Array type="String"><Item>` + version + `</Item></Array></Set><Set name="ExcludeProtocols"><Array type="String"><Item>` + not + `</Item></Array></Set>`
	}
	sites := []site{
		{"demanded", demanded(), connector(need, trust), nil},
		{"open", open(), connector("", ""), nil},
		{"optional", open(), connector(want, trust), nil},
		{"wrong-ca", foreign(), connector(need, other), nil},
		{"tls12-demanded", demanded(), connector(need+only("TLSv1.2", "TLSv1.3"), trust), nil},
		{"tls13-demanded", demanded(), connector(need+only("TLSv1.3", "TLSv1.2"), trust), nil},
	}
	text := `<?xml version="1.0"?><!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "http://www.eclipse.org/jetty/configure_9_3.dtd">
<Configure id="Server" class="org.eclipse.jetty.server.Server"><Arg name="threadpool"><New class="org.eclipse.jetty.util.thread.QueuedThreadPool"><Set name="maxThreads">200</Set></New></Arg>
<Set name="handler"><New class="org.eclipse.jetty.server.handler.HandlerList"><Set name="handlers"><Array type="org.eclipse.jetty.server.Handler">
<Item><New class="org.eclipse.jetty.servlet.ServletContextHandler"><Set name="contextPath">/</Set><Set name="resourceBase">` + b.street.path("www", "app") + `</Set>
<Set name="welcomeFiles"><Array type="String"><Item>index.html</Item></Array></Set><Call name="addServlet"><Arg>org.eclipse.jetty.servlet.DefaultServlet</Arg><Arg>/</Arg></Call></New></Item>
<Item><New class="org.eclipse.jetty.server.handler.DefaultHandler"/></Item></Array></Set></New></Set>
` + b.lay(sites) + `<Call name="start"/></Configure>
`
	conf, err := b.write("jetty.xml", text)
	if err != nil {
		return err
	}
	b.spawn(nil, append(append([]string{}, javaArgs...), "-cp", "/usr/share/jetty9/lib/*", "org.eclipse.jetty.xml.XmlConfiguration", conf)...)
	return nil
}
