package highs

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is an opened HiGHS: the functions of its C interface that we need, all
// present since 1.10. HighsInt is int32; void* of an object is uintptr.
type library struct {
	path, version string

	versionString  func() string
	sizeofHighsInt func(h uintptr) int32
	create         func() uintptr
	destroy        func(h uintptr)

	setBool   func(h uintptr, option string, value int32) int32
	setInt    func(h uintptr, option string, value int32) int32
	setDouble func(h uintptr, option string, value float64) int32
	setString func(h uintptr, option, value string) int32

	addCols     func(h uintptr, n int32, cost, lower, upper []float64, nonzeros int32, start, index []int32, value []float64) int32
	addRows     func(h uintptr, n int32, lower, upper []float64, nonzeros int32, start, index []int32, value []float64) int32
	integrality func(h uintptr, from, to int32, kind []int32) int32
	setOffset   func(h uintptr, offset float64) int32
	setSolution func(h uintptr, x, rowValue, colDual, rowDual []float64) int32
	readModel   func(h uintptr, path string) int32

	setCallback   func(h, function, user uintptr) int32
	startCallback func(h uintptr, kind int32) int32
	callbackItem  func(out unsafe.Pointer, name string) unsafe.Pointer

	run         func(h uintptr) int32
	modelStatus func(h uintptr) int32
	columns     func(h uintptr) int32
	solution    func(h uintptr, x, colDual, rowValue, rowDual []float64) int32
	infoInt     func(h uintptr, name string, value *int32) int32
	infoInt64   func(h uintptr, name string, value *int64) int32
	infoDouble  func(h uintptr, name string, value *float64) int32
}

// Return values of most functions; a warning (1) is no failure.
const callError = -1

// libraries holds what is open already: a library is never closed, since HiGHS
// keeps data of each thread.
var libraries = struct {
	sync.Mutex
	byPath map[string]*library
}{byPath: map[string]*library{}}

// load opens the library that the system's loader finds under path.
func load(path string) (*library, error) {
	libraries.Lock()
	defer libraries.Unlock()
	if lib := libraries.byPath[path]; lib != nil {
		return lib, nil
	}
	handle, err := openLibrary(path)
	if err != nil {
		return nil, err
	}
	lib := &library{path: path}
	if err := lib.bind(handle); err != nil {
		return nil, err
	}
	if err := lib.check(); err != nil {
		return nil, err
	}
	libraries.byPath[path] = lib
	return lib, nil
}

// bind looks up every function.
func (l *library) bind(handle uintptr) error {
	for _, f := range []struct {
		name string
		fptr any
	}{
		{"Highs_version", &l.versionString},
		{"Highs_getSizeofHighsInt", &l.sizeofHighsInt},
		{"Highs_create", &l.create},
		{"Highs_destroy", &l.destroy},
		{"Highs_setBoolOptionValue", &l.setBool},
		{"Highs_setIntOptionValue", &l.setInt},
		{"Highs_setDoubleOptionValue", &l.setDouble},
		{"Highs_setStringOptionValue", &l.setString},
		{"Highs_addCols", &l.addCols},
		{"Highs_addRows", &l.addRows},
		{"Highs_changeColsIntegralityByRange", &l.integrality},
		{"Highs_changeObjectiveOffset", &l.setOffset},
		{"Highs_setSolution", &l.setSolution},
		{"Highs_readModel", &l.readModel},
		{"Highs_setCallback", &l.setCallback},
		{"Highs_startCallback", &l.startCallback},
		{"Highs_getCallbackDataOutItem", &l.callbackItem},
		{"Highs_run", &l.run},
		{"Highs_getModelStatus", &l.modelStatus},
		{"Highs_getNumCol", &l.columns},
		{"Highs_getSolution", &l.solution},
		{"Highs_getIntInfoValue", &l.infoInt},
		{"Highs_getInt64InfoValue", &l.infoInt64},
		{"Highs_getDoubleInfoValue", &l.infoDouble},
	} {
		address, err := symbol(handle, f.name)
		if err != nil {
			return fmt.Errorf("it has no function %s", f.name)
		}
		purego.RegisterFunc(f.fptr, address)
	}
	return nil
}

// check refuses what we could load but not trust.
func (l *library) check() error {
	l.version = l.versionString()
	if err := refuse(l.version); err != nil {
		return err
	}
	lock <- struct{}{}
	defer func() { <-lock }()
	h := l.create()
	defer l.destroy(h)
	if size := l.sizeofHighsInt(h); size != 4 {
		return fmt.Errorf("its integers have %d bytes; it must be built with integers of 4 bytes", size)
	}
	return nil
}

// refuse says why a version cannot be used.
func refuse(version string) error {
	switch version {
	case "":
		return errors.New("it does not say its version")
	case "1.15.0", "1.15.1":
		return fmt.Errorf("HiGHS %s is refused: it crashes and returns wrong optima on networks of ReLUs; 1.13.1 does not", version)
	}
	return nil
}
