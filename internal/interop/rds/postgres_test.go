package rds_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// programs is the folder of Debian's PostgreSQL 15.
const programs = "/usr/lib/postgresql/15/bin/"

// A database is a PostgreSQL server whose users log in over TLS, with passwords that a directory
// checks.
type database struct {
	endpoint string // host and port
	ca       string // the path of its certificate
}

// newDatabase starts a server that listens on loopback only, until the test ends. It has the user
// app.
func newDatabase(t *testing.T, check checker) *database {
	t.Helper()
	program.Need(t, programs+"postgres", programs+"initdb", programs+"psql")
	// The folders of t.TempDir are closed to other users, and PostgreSQL does not run as root.
	dir, err := os.MkdirTemp("", "onafed-postgres-") //nolint:usetesting // for that reason
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := owner(t)
	data := filepath.Join(dir, "data")
	d := &database{ca: filepath.Join(dir, "ca.pem")}
	key := filepath.Join(dir, "key.pem")
	certificate(t, d.ca, key)
	for _, path := range []string{dir, d.ca, key} {
		if err := os.Chown(path, as.uid, as.gid); err != nil {
			t.Fatal(err)
		}
	}
	as.run(t, programs+"initdb", "--pgdata", data, "--username=admin", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
	hba := fmt.Sprintf("local all admin trust\nhostssl all all 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport=%d ldapprefix=\"\" ldapsuffix=\"\"\n", startLDAP(t, check))
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	d.endpoint = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	cmd := as.command(programs+"postgres", "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir,
		"-c", "fsync=off", "-c", "ssl=on", "-c", "ssl_cert_file="+d.ca, "-c", "ssl_key_file="+key)
	var said program.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin := []string{"-h", dir, "-p", strconv.Itoa(port), "-U", "admin", "-d", "postgres", "-c", "create role app login"}
	deadline := time.Now().Add(30 * time.Second)
	for as.command(programs+"psql", admin...).Run() != nil {
		select {
		case <-p.Done():
			t.Fatalf("PostgreSQL ended: %s", program.Tail(said.String()))
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL is not ready: %s", program.Tail(said.String()))
		}
	}
	return d
}

// An account is the user of the system that runs PostgreSQL.
type account struct {
	uid, gid int
	root     bool // the test is root, and changes to the user
}

// owner returns the user of the test, or postgres if the test is root.
func owner(t *testing.T) account {
	t.Helper()
	if os.Getuid() != 0 {
		return account{uid: os.Getuid(), gid: os.Getgid()}
	}
	program.Need(t, "setpriv")
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return account{uid: uid, gid: gid, root: true}
}

// command returns a command that runs as the user.
func (a account) command(name string, args ...string) *exec.Cmd {
	if a.root {
		args = append([]string{"--reuid", strconv.Itoa(a.uid), "--regid", strconv.Itoa(a.gid), "--clear-groups", "--", name}, args...)
		name = "setpriv"
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	return cmd
}

func (a account) run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := program.Run(a.command(name, args...)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T, cert, key string) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer server.Close()
	der, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: server.Certificate().Raw},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
