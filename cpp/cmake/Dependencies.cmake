# Finds the third-party libraries of the core: TBB (only for ENTEROSCAN_THREADS=tbb), Eigen and the
# Boost headers. Each is looked for twice:
#
#   1. among the packages of the Python that builds: `pip install .` brings tbb-devel, cmeel-eigen and
#      libboost-headers, so that a C++ compiler is all a user must have;
#   2. on the system, or wherever CMAKE_PREFIX_PATH, TBB_DIR, Eigen3_DIR or Boost_DIR point.
#
# Result: the imported targets TBB::tbb, Eigen3::Eigen and Boost::headers, and TBB_LICENSE_FILE, the
# licence that must travel with a copy of TBB.

if(NOT ENTEROSCAN_THREADS MATCHES "^(tbb|std|serial)$")
  message(FATAL_ERROR "ENTEROSCAN_THREADS is '${ENTEROSCAN_THREADS}'; it must be tbb, std or serial")
endif()

set(wanted_python_components Interpreter)
if(ENTEROSCAN_BUILD_PYTHON)
  list(APPEND wanted_python_components Development.Module)
  find_package(Python 3.11 REQUIRED COMPONENTS ${wanted_python_components})
else()
  find_package(Python 3.11 QUIET COMPONENTS ${wanted_python_components})
endif()

# Sets `result` to the path of the first file of a Python distribution that ends with `tail`, or to
# "". The distribution's own list of files is asked, so that it does not matter whether it lies in a
# virtual environment, in pip's isolated build environment or in the user's home.
function(enteroscan_find_in_python result distribution tail)
  set(${result} "" PARENT_SCOPE)
  if(NOT Python_EXECUTABLE)
    return()
  endif()
  set(script [[
import importlib.metadata, os, sys
name, tail = sys.argv[1:]
try:
    distribution = importlib.metadata.distribution(name)
except importlib.metadata.PackageNotFoundError:
    sys.exit()
for file in distribution.files or ():
    if file.name == os.path.basename(tail):
        path = os.path.realpath(distribution.locate_file(file)).replace(os.sep, "/")
        if path.endswith("/" + tail) and os.path.exists(path):
            print(path, end="")
            break
]])
  execute_process(COMMAND "${Python_EXECUTABLE}" -c "${script}" "${distribution}" "${tail}"
                  OUTPUT_VARIABLE path ERROR_QUIET)
  set(${result} "${path}" PARENT_SCOPE)
endfunction()

# Sets `result` to the directory of that file, or to "".
function(enteroscan_find_directory_in_python result distribution tail)
  enteroscan_find_in_python(path "${distribution}" "${tail}")
  if(path)
    cmake_path(GET path PARENT_PATH path)
  endif()
  set(${result} "${path}" PARENT_SCOPE)
endfunction()

# A build directory that outlives pip's build environment remembers paths that are gone.
foreach(remembered TBB_DIR Eigen3_DIR Boost_DIR pybind11_DIR ENTEROSCAN_BOOST_INCLUDE_DIR)
  if(DEFINED CACHE{${remembered}} AND NOT EXISTS "$CACHE{${remembered}}")
    unset(${remembered} CACHE)
  endif()
endforeach()

set(missing "")

if(ENTEROSCAN_THREADS STREQUAL "tbb")
  enteroscan_find_directory_in_python(hint tbb-devel lib/cmake/tbb/TBBConfig.cmake)
  set(TBB_FIND_RELEASE_ONLY ON)  # never the debug library beside it, whatever our own build type
  find_package(TBB 2021.5 CONFIG QUIET COMPONENTS tbb HINTS "${hint}")
  if(TBB_FOUND)
    message(STATUS "TBB ${TBB_VERSION}: ${TBB_DIR}")
    if(TBB_DIR STREQUAL hint)
      enteroscan_find_in_python(TBB_LICENSE_FILE tbb LICENSE.txt)
    else()
      file(GLOB TBB_LICENSE_FILE /usr/share/doc/libtbb12/copyright)
    endif()
  else()
    list(APPEND missing TBB)
  endif()
endif()
if(NOT ENTEROSCAN_THREADS STREQUAL "serial")
  find_package(Threads REQUIRED)
endif()

enteroscan_find_directory_in_python(hint cmeel-eigen share/eigen3/cmake/Eigen3Config.cmake)
find_package(Eigen3 3.4 CONFIG QUIET HINTS "${hint}")
if(Eigen3_FOUND)
  message(STATUS "Eigen ${Eigen3_VERSION}: ${Eigen3_DIR}")
else()
  list(APPEND missing Eigen)
endif()

# Only headers are used, so the wheel without CMake files will do. FindBoost is gone from CMake; a
# Boost without its own CMake files is found by one of its headers.
enteroscan_find_in_python(hint libboost-headers include/boost/version.hpp)
if(hint)
  cmake_path(GET hint PARENT_PATH hint)
  cmake_path(GET hint PARENT_PATH hint)
else()
  find_package(Boost 1.74 CONFIG QUIET)
endif()
if(NOT TARGET Boost::headers)
  find_path(ENTEROSCAN_BOOST_INCLUDE_DIR boost/math/distributions/poisson.hpp HINTS "${hint}")
  if(ENTEROSCAN_BOOST_INCLUDE_DIR)
    add_library(Boost::headers INTERFACE IMPORTED)
    target_include_directories(Boost::headers INTERFACE "${ENTEROSCAN_BOOST_INCLUDE_DIR}")
  endif()
endif()
if(TARGET Boost::headers)
  get_target_property(where Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
  message(STATUS "Boost headers: ${where}")
else()
  list(APPEND missing Boost)
endif()

if(ENTEROSCAN_BUILD_PYTHON)
  enteroscan_find_directory_in_python(hint pybind11 share/cmake/pybind11/pybind11Config.cmake)
  find_package(pybind11 2.13 CONFIG QUIET HINTS "${hint}")
  if(pybind11_FOUND)
    message(STATUS "pybind11 ${pybind11_VERSION}: ${pybind11_DIR}")
  else()
    list(APPEND missing pybind11)
  endif()
endif()

if(missing)
  list(JOIN missing ", " missing)
  message(FATAL_ERROR
    "Not found: ${missing}. Install what is missing from Debian or Ubuntu,\n"
    "  apt-get install -y libtbb-dev libeigen3-dev libboost-dev\n"
    "or from PyPI, in the environment whose Python is '${Python_EXECUTABLE}':\n"
    "  pip install 'tbb-devel>=2022.3' 'cmeel-eigen>=3.4,<4' 'libboost-headers>=1.86' 'pybind11>=2.13,<4'\n"
    "(pybind11 only comes from PyPI: Debian's is too old). Without TBB, configure with "
    "-DENTEROSCAN_THREADS=std.")
endif()
