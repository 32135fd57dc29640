// The advisories of OSV zips as a database of Grype, so that it answers from the same data as the others: as its own
// transformer of the Go database writes it, but for all modules, and PyPI likewise.
//
//	grype_db OSV-SCANNER-FOLDER DIRECTORY
package main

import (
	"archive/zip"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	db "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/db/v6/name"
	"github.com/anchore/syft/syft/pkg"
)

type event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
}

type record struct {
	ID        string     `json:"id"`
	Summary   string     `json:"summary"`
	Modified  time.Time  `json:"modified"`
	Withdrawn *time.Time `json:"withdrawn"`
	Aliases   []string   `json:"aliases"`
	Affected  []struct {
		Package  struct{ Name, Ecosystem string }
		Versions []string
		Ranges   []struct {
			Type   string
			Events []event
		}
	}
}

var ecosystems = map[string]struct {
	kind   pkg.Type
	format string
}{"Go": {pkg.GoModulePkg, "go"}, "PyPI": {pkg.PythonPkg, "python"}}

func window(from, relation, to, format string) db.Range {
	var parts []string
	if from != "" && from != "0" {
		parts = append(parts, ">="+from)
	}
	if to != "" {
		parts = append(parts, relation+to)
	}
	r := db.Range{Version: db.Version{Type: format, Constraint: strings.Join(parts, ",")}}
	if relation == "<" && to != "" {
		r.Fix = &db.Fix{Version: to, State: db.FixedStatus}
	}
	return r
}

func windows(events []event, format string) (out []db.Range) {
	from, open := "", false
	for _, e := range events {
		switch {
		case e.Introduced != "":
			from, open = e.Introduced, true
		case e.Fixed != "":
			out, open = append(out, window(from, "<", e.Fixed, format)), false
		case e.LastAffected != "":
			out, open = append(out, window(from, "<=", e.LastAffected, format)), false
		}
	}
	if open {
		out = append(out, window(from, "", "", format))
	}
	return out
}

var date = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
var provider = &db.Provider{ID: "osv", Version: "1", Processor: "peers", DateCaptured: &date}

func write(s db.ReadWriter, r record) error {
	status := db.VulnerabilityActive
	if r.Withdrawn != nil {
		status = db.VulnerabilityRejected
	}
	v := db.VulnerabilityHandle{Name: r.ID, Status: status, ModifiedDate: &r.Modified, WithdrawnDate: r.Withdrawn,
		ProviderID: provider.ID, Provider: provider,
		BlobValue: &db.VulnerabilityBlob{ID: r.ID, Description: r.Summary, Aliases: r.Aliases}}
	if err := s.AddVulnerabilities(&v); err != nil {
		return err
	}
	var all []*db.AffectedPackageHandle
	for _, a := range r.Affected {
		e, known := ecosystems[a.Package.Ecosystem]
		if !known {
			continue
		}
		var ranges []db.Range
		for _, x := range a.Ranges {
			if x.Type != "GIT" {
				ranges = append(ranges, windows(x.Events, e.format)...)
			}
		}
		for _, x := range a.Versions {
			if len(a.Ranges) == 0 {
				ranges = append(ranges, db.Range{Version: db.Version{Type: e.format, Constraint: "=" + x}})
			}
		}
		all = append(all, &db.AffectedPackageHandle{VulnerabilityID: v.ID, Vulnerability: &v,
			Package:   &db.Package{Ecosystem: string(e.kind), Name: name.Normalize(a.Package.Name, e.kind)},
			BlobValue: &db.PackageBlob{CVEs: r.Aliases, Ranges: ranges}})
	}
	return s.AddAffectedPackages(all...)
}

func read(path string, each func(record) error) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		var r record
		in, err := f.Open()
		if err != nil {
			return err
		}
		err = json.NewDecoder(in).Decode(&r)
		in.Close()
		if err == nil {
			err = each(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: grype_db OSV-SCANNER-FOLDER DIRECTORY")
	}
	s, err := db.NewWriter(db.Config{DBDirPath: os.Args[2]})
	if err == nil {
		err = s.SetDBMetadata()
	}
	for e := range ecosystems {
		if err == nil {
			err = read(filepath.Join(os.Args[1], e, "all.zip"), func(r record) error { return write(s, r) })
		}
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
}
