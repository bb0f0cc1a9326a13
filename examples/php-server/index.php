<?php
// PHP's own server runs this for every request; files beside it are served as they are.
header('Content-Type: text/plain');
echo "Hello, {$_SERVER['REQUEST_METHOD']} {$_SERVER['REQUEST_URI']}\n";
echo file_get_contents('php://input'), "\n";
