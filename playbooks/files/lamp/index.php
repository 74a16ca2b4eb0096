<?php
// Where the database is and who may read it says PHP's own configuration, which differs from container to container.
// An error ends this before anything is sent, and the answer is a 500.
$database = new mysqli(database: 'lamp');
$rows = $database->query('SELECT token FROM run')->fetch_all(MYSQLI_ASSOC);
header('Content-Type: text/plain');
header('Cache-Control: no-store');
echo implode("\n", array_column($rows, 'token')), "\n";
